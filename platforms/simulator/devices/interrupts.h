// How devices tell the event unit that something happened.
#ifndef PLATFORMS_SIMULATOR_DEVICES_INTERRUPTS_H_
#define PLATFORMS_SIMULATOR_DEVICES_INTERRUPTS_H_

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Event numbers: hardware reference, section "Event unit".
inline constexpr int kEventSoftware0 = 0;
inline constexpr int kEventDma = 8;
inline constexpr int kEventDmaInterrupt = 9;  // interrupts are not modelled: an event, too
inline constexpr int kEventTimerLow = 10;
inline constexpr int kEventTimerHigh = 11;
inline constexpr int kEventAccelerator = 12;
inline constexpr int kEventBarrier = 16;
inline constexpr int kEventMutex = 17;
inline constexpr int kEventDispatch = 18;

class EventSink {
 public:
  virtual ~EventSink() = default;
  // The event reaches one core's, or every cluster core's, buffer at cycle `now`.
  virtual void raise(CoreIndex core, int event, Cycle now) = 0;
  virtual void raise_all(int event, Cycle now) = 0;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_INTERRUPTS_H_
