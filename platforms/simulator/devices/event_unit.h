// The event unit: event buffers, sleeping, barriers, mutexes and the dispatch FIFO.
#ifndef PLATFORMS_SIMULATOR_DEVICES_EVENT_UNIT_H_
#define PLATFORMS_SIMULATOR_DEVICES_EVENT_UNIT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/devices/core_control.h"
#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/devices/interrupts.h"
#include "platforms/simulator/soc/core_name.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {

// State of all of it. Cores reach it through the two ports below.
//
// A core that waits (cv.elw) sleeps until an event of its event mask is in its buffer. If there is
// one already, it goes on after the same time as if the event arrived at that moment, so the order
// of two cores that act in one cycle does not matter.
class EventUnit : public EventSink {
 public:
  static constexpr int kSoftwareEvents = 8;
  static constexpr int kDispatchEntries = 8;

  // `observer` is told of barriers; it may be null.
  EventUnit(const EventUnitDescription &description, int cores, CoreNames names,
            CoreControl *control, Observer *observer);

  // EventSink. A core that sleeps for the event goes on `description.wait` cycles later.
  void raise(CoreIndex core, int event, Cycle now) override;
  void raise_all(int event, Cycle now) override;

  // Registers of one core, at the offsets of the demux port.
  std::uint32_t load_core_register(CoreIndex core, std::uint32_t offset) const;
  void store_core_register(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now);
  // Waits for the event mask; `clear` takes the events out of the buffer.
  Response wait(CoreIndex core, bool clear, Cycle now);

  // `mask` 0 is every core of the cluster.
  void trigger_software_event(int event, std::uint32_t mask, Cycle now);

  std::uint32_t load_barrier(std::uint32_t offset) const;
  void store_barrier(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now);
  Response wait_at_barrier(CoreIndex core, std::uint32_t offset, Cycle now);

  Response lock_mutex(CoreIndex core, int mutex, Cycle now);
  void unlock_mutex(CoreIndex core, int mutex, std::uint32_t message, Cycle now);

  void set_dispatch_team(std::uint32_t mask) { dispatch_team_ = mask; }
  std::uint32_t dispatch_team() const { return dispatch_team_; }
  void push_dispatch(std::uint32_t value, Cycle now);
  Response pop_dispatch(CoreIndex core, Cycle now);

  // What a sleeping core waits for, for the report of a deadlock; empty if it does not wait.
  std::string describe_wait(CoreIndex core) const;

 private:
  enum class Wait { kNone, kEvents, kBarrier, kMutex, kDispatch };

  struct CoreState {
    std::uint32_t buffer = 0;
    std::uint32_t mask = 0;
    // A software event is on its way for some cycles after it is in the buffer.
    std::array<Cycle, kSoftwareEvents> arrival{};
    Wait waiting = Wait::kNone;
    bool clear = false;    // the wait takes its events out of the buffer
    int resource = 0;      // barrier or mutex
    bool granted = false;  // kMutex, kDispatch: `value` is what the core has waited for
    std::uint32_t value = 0;
  };

  struct Barrier {
    std::uint32_t team = 0;
    std::uint32_t status = 0;
    std::uint32_t target = 0;
  };

  struct Mutex {
    CoreIndex owner = kNoCore;
    std::uint32_t waiting = 0;
    std::uint32_t message = 0;
  };

  struct Dispatch {
    std::uint32_t value = 0;
    std::uint32_t team = 0;
  };

  CoreState &state(CoreIndex core) { return cores_[static_cast<std::size_t>(core)]; }
  const CoreState &state(CoreIndex core) const { return cores_[static_cast<std::size_t>(core)]; }
  std::uint32_t all_cores() const { return (1u << count_) - 1; }
  void check_cores(std::uint32_t mask, const char *what) const;
  // Puts events into a core's buffer and ends its sleep if it waits for one of them.
  void deliver(CoreIndex core, std::uint32_t events, Cycle now, Cycle delay);
  // Gives a sleeping core what it waits for.
  void grant(CoreIndex core, std::uint32_t value, int event, Cycle now, Cycle delay);
  Response sleep(CoreIndex core, Wait kind, int resource);
  Response wait_for_events(CoreIndex core, Wait kind, int resource, bool clear, Cycle now);
  void check_barrier(int barrier, Cycle now);
  int barrier_of(std::uint32_t offset) const;
  void check_mutex(int mutex) const;

  EventUnitDescription description_;
  int count_;
  CoreNames names_;
  CoreControl *control_;
  Observer *observer_;
  std::array<CoreState, kMaximumCores> cores_{};
  std::vector<Barrier> barriers_;
  std::vector<Mutex> mutexes_;
  // The FIFO: entries are numbered from 0 for ever, entry n stands at n modulo its size.
  std::array<Dispatch, kDispatchEntries> dispatches_{};
  std::uint64_t dispatch_head_ = 0;
  std::array<std::uint64_t, kMaximumCores> dispatch_tail_{};
  std::uint32_t dispatch_team_ = 0;
};

// Each core's own port.
class EventUnitDemuxPort : public Device {
 public:
  explicit EventUnitDemuxPort(EventUnit *unit, int cores) : unit_(unit), cores_(cores) {}
  Response load(CoreIndex core, std::uint32_t offset, Cycle now) override;
  Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) override;
  Response event_load(CoreIndex core, std::uint32_t offset, Cycle now) override;

 private:
  void check_core(CoreIndex core) const;

  EventUnit *unit_;
  int cores_;
};

// The port on the peripheral bus: every core's registers (64 bytes each), barriers at 0x400,
// software events at 0x600. Nobody can wait here.
class EventUnitPeripheralPort : public Device {
 public:
  explicit EventUnitPeripheralPort(EventUnit *unit, int cores) : unit_(unit), cores_(cores) {}
  Response load(CoreIndex core, std::uint32_t offset, Cycle now) override;
  Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) override;

 private:
  EventUnit *unit_;
  int cores_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_EVENT_UNIT_H_
