// The cluster's timer: two 32-bit counters of clock cycles that raise events 10 and 11.
#ifndef PLATFORMS_SIMULATOR_DEVICES_TIMER_H_
#define PLATFORMS_SIMULATOR_DEVICES_TIMER_H_

#include <array>
#include <cstdint>

#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/devices/interrupts.h"
#include "platforms/simulator/soc/scheduler.h"

namespace tilewright::simulator {

// Registers, low and high counter in turn: configuration 0x00, count 0x08, compare 0x10, start
// 0x18, reset 0x20. Configuration bits: 0 counts, 1 resets the count (reads as 0), 2 raises the
// event when the count reaches the compare value, 4 then starts again from 0, 5 then stops.
// Prescaler, reference clock and the cascade of both counters are not modelled.
class Timer : public Device, public Agent {
 public:
  Timer(EventSink *events, Scheduler *scheduler) : events_(events), scheduler_(scheduler) {}
  void set_agent(AgentIndex agent) { agent_ = agent; }

  Response load(CoreIndex core, std::uint32_t offset, Cycle now) override;
  Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) override;
  Cycle step(Cycle now, Cycle horizon) override;

  // Whether an event will be raised.
  bool pending() const;

 private:
  struct Counter {
    std::uint32_t configuration = 0;
    std::uint32_t compare = 0;
    std::uint32_t count = 0;  // at cycle `since` if it runs, else for good
    Cycle since = 0;
    Cycle match = kNever;

    std::uint32_t value(Cycle now) const;
    void set(std::uint32_t new_count, Cycle now);
    void plan(Cycle now);
  };

  void schedule(Cycle now);
  Cycle next_match() const;

  EventSink *events_;
  Scheduler *scheduler_;
  AgentIndex agent_ = -1;
  std::array<Counter, 2> counters_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_TIMER_H_
