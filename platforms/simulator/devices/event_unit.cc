#include "platforms/simulator/devices/event_unit.h"

#include <algorithm>

namespace tilewright::simulator {
namespace {

// Offsets of a core's registers.
constexpr std::uint32_t kMask = 0x00;
constexpr std::uint32_t kMaskClear = 0x04;
constexpr std::uint32_t kMaskSet = 0x08;
constexpr std::uint32_t kInterruptMask = 0x0c;
constexpr std::uint32_t kInterruptMaskClear = 0x10;
constexpr std::uint32_t kInterruptMaskSet = 0x14;
constexpr std::uint32_t kBuffer = 0x1c;
constexpr std::uint32_t kBufferMasked = 0x20;
constexpr std::uint32_t kBufferInterruptMasked = 0x24;
constexpr std::uint32_t kBufferClear = 0x28;

// Offsets of a barrier's registers, 0x20 bytes each.
constexpr std::uint32_t kBarrierTeam = 0x00;
constexpr std::uint32_t kBarrierStatus = 0x04;
constexpr std::uint32_t kBarrierSummary = 0x08;
constexpr std::uint32_t kBarrierTarget = 0x0c;
constexpr std::uint32_t kBarrierTriggerMask = 0x10;
constexpr std::uint32_t kBarrierTriggerSelf = 0x14;
constexpr std::uint32_t kBarrierTriggerWait = 0x18;
constexpr std::uint32_t kBarrierTriggerWaitClear = 0x1c;

constexpr std::uint32_t bit(int number) { return 1u << number; }

[[noreturn]] void fault(const std::string &detail) {
  throw Fault{FaultKind::kDevice, kNoCore, 0, detail};
}

[[noreturn]] void no_register(std::uint32_t offset, bool store) {
  fault(std::string("the event unit has no register that can be ") + (store ? "written" : "read") +
        " at offset " + hexadecimal(offset));
}

}  // namespace

EventUnit::EventUnit(const EventUnitDescription &description, int cores, CoreNames names,
                     CoreControl *control, Observer *observer)
    : description_(description),
      count_(cores),
      names_(names),
      control_(control),
      observer_(observer),
      barriers_(static_cast<std::size_t>(description.barriers)),
      mutexes_(static_cast<std::size_t>(description.mutexes)) {}

void EventUnit::check_cores(std::uint32_t mask, const char *what) const {
  if ((mask & ~all_cores()) != 0) {
    fault(std::string(what) + " " + hexadecimal(mask) + " names cores that do not exist; the " +
          "cluster's are " + hexadecimal(all_cores()));
  }
}

// Events and sleep.

void EventUnit::raise(CoreIndex core, int event, Cycle now) {
  deliver(core, bit(event), now, description_.wait);
}

void EventUnit::raise_all(int event, Cycle now) {
  for (CoreIndex core = 0; core < count_; ++core) {
    raise(core, event, now);
  }
}

void EventUnit::deliver(CoreIndex core, std::uint32_t events, Cycle now, Cycle delay) {
  CoreState &s = state(core);
  s.buffer |= events;
  const std::uint32_t pending = s.buffer & s.mask;
  if (s.waiting == Wait::kNone || pending == 0) {
    return;
  }
  std::uint32_t value = pending;
  if (s.waiting == Wait::kMutex || s.waiting == Wait::kDispatch) {
    const bool mutex = s.waiting == Wait::kMutex;
    const int event = mutex ? kEventMutex : kEventDispatch;
    if (!s.granted || (pending & bit(event)) == 0) {
      fault(names_(core) + " is woken by events " + hexadecimal(pending) + " while it waits for " +
            (mutex ? "mutex " + std::to_string(s.resource) : std::string("the dispatch FIFO")) +
            " and would go on without it: keep all other events out of its event mask " +
            hexadecimal(s.mask) + " during such a wait");
    }
    value = s.value;
    s.buffer &= ~bit(event);
  } else if (s.clear) {
    s.buffer &= ~pending;
  }
  s.waiting = Wait::kNone;
  s.granted = false;
  control_->wake(core, value, now + delay);
}

void EventUnit::grant(CoreIndex core, std::uint32_t value, int event, Cycle now, Cycle delay) {
  CoreState &s = state(core);
  s.granted = true;
  s.value = value;
  deliver(core, bit(event), now, delay);
}

Response EventUnit::sleep(CoreIndex core, Wait kind, int resource) {
  CoreState &s = state(core);
  s.waiting = kind;
  s.resource = resource;
  s.granted = false;
  return {Response::Kind::kSleep, true, 0, kNever};
}

Response EventUnit::wait_for_events(CoreIndex core, Wait kind, int resource, bool clear,
                                    Cycle now) {
  CoreState &s = state(core);
  const std::uint32_t pending = s.buffer & s.mask;
  if (pending == 0) {
    s.clear = clear;
    return sleep(core, kind, resource);
  }
  Cycle arrived = kNever;
  for (std::uint32_t rest = pending; rest != 0; rest &= rest - 1) {
    const int event = __builtin_ctz(rest);
    arrived = std::min(arrived,
                       event < kSoftwareEvents ? s.arrival[static_cast<std::size_t>(event)] : now);
  }
  if (clear) {
    s.buffer &= ~pending;
  }
  return {Response::Kind::kDone, true, pending, std::max(now, arrived) + description_.wait};
}

Response EventUnit::wait(CoreIndex core, bool clear, Cycle now) {
  return wait_for_events(core, Wait::kEvents, 0, clear, now);
}

void EventUnit::trigger_software_event(int event, std::uint32_t mask, Cycle now) {
  check_cores(mask, "the target mask of a software event");
  for (CoreIndex core = 0; core < count_; ++core) {
    if (mask == 0 || (mask & bit(core)) != 0) {
      CoreState &s = state(core);
      if ((s.buffer & bit(event)) == 0) {
        s.arrival[static_cast<std::size_t>(event)] =
            now + description_.software_event - description_.wait;
      }
      deliver(core, bit(event), now, description_.software_event);
    }
  }
}

std::uint32_t EventUnit::load_core_register(CoreIndex core, std::uint32_t offset) const {
  const CoreState &s = state(core);
  switch (offset) {
    case kMask:
      return s.mask;
    case kInterruptMask:
    case kBufferInterruptMasked:
      return 0;
    case kBuffer:
      return s.buffer;
    case kBufferMasked:
      return s.buffer & s.mask;
    default:
      no_register(offset, false);
  }
}

void EventUnit::store_core_register(CoreIndex core, std::uint32_t offset, std::uint32_t value,
                                    Cycle now) {
  CoreState &s = state(core);
  switch (offset) {
    case kMask:
      s.mask = value;
      break;
    case kMaskClear:
      s.mask &= ~value;
      break;
    case kMaskSet:
      s.mask |= value;
      break;
    case kInterruptMask:
    case kInterruptMaskSet:
      if (value != 0) {
        fault("interrupts are not modelled: the interrupt mask of " + names_(core) +
              " must stay zero, not " + hexadecimal(value) + "; wait for events with cv.elw");
      }
      break;
    case kInterruptMaskClear:
      break;
    case kBufferClear:
      s.buffer &= ~value;
      break;
    default:
      no_register(offset, true);
  }
  deliver(core, 0, now, description_.wait);  // the new mask may end a sleep
}

// Barriers.

int EventUnit::barrier_of(std::uint32_t offset) const {
  const std::uint32_t barrier = offset >> 5;
  if (barrier >= barriers_.size()) {
    fault("there is no barrier " + std::to_string(barrier) + ", only " +
          std::to_string(barriers_.size()));
  }
  return static_cast<int>(barrier);
}

std::uint32_t EventUnit::load_barrier(std::uint32_t offset) const {
  const Barrier &barrier = barriers_[static_cast<std::size_t>(barrier_of(offset))];
  switch (offset & 0x1fu) {
    case kBarrierTeam:
      return barrier.team;
    case kBarrierStatus:
      return barrier.status;
    case kBarrierTarget:
      return barrier.target;
    case kBarrierSummary: {
      std::uint32_t all = 0;
      for (const Barrier &one : barriers_) {
        all |= one.status;
      }
      return all;
    }
    case kBarrierTriggerWait:
    case kBarrierTriggerWaitClear:
      fault("a core waits at a barrier with cv.elw, on its own (demux) port, not with lw");
    default:
      no_register(offset, false);
  }
}

void EventUnit::store_barrier(CoreIndex core, std::uint32_t offset, std::uint32_t value,
                              Cycle now) {
  const int number = barrier_of(offset);
  Barrier &barrier = barriers_[static_cast<std::size_t>(number)];
  switch (offset & 0x1fu) {
    case kBarrierTeam:
      check_cores(value, "the team mask of a barrier");
      barrier.team = value;
      break;
    case kBarrierStatus:
      check_cores(value, "the status of a barrier");
      barrier.status = value;
      break;
    case kBarrierTarget:
      check_cores(value, "the target mask of a barrier");
      barrier.target = value;
      break;
    case kBarrierTriggerMask:
      check_cores(value, "the trigger mask of a barrier");
      barrier.status |= value;
      break;
    case kBarrierTriggerSelf:
      if (core >= count_) {
        fault("the fabric controller cannot arrive at a barrier; write the trigger mask");
      }
      barrier.status |= bit(core);
      break;
    default:
      no_register(offset, true);
  }
  check_barrier(number, now);
}

void EventUnit::check_barrier(int number, Cycle now) {
  Barrier &barrier = barriers_[static_cast<std::size_t>(number)];
  if (barrier.team == 0 || barrier.status != barrier.team) {
    return;
  }
  if (barrier.target == 0) {
    fault("all of barrier " + std::to_string(number) + "'s team " + hexadecimal(barrier.team) +
          " has arrived, but its target mask is zero: nobody would be woken");
  }
  barrier.status = 0;
  if (observer_ != nullptr) {
    observer_->barrier_passed(number, now + description_.barrier);
  }
  for (CoreIndex core = 0; core < count_; ++core) {
    if ((barrier.target & bit(core)) != 0) {
      deliver(core, bit(kEventBarrier), now, description_.barrier);
    }
  }
}

Response EventUnit::wait_at_barrier(CoreIndex core, std::uint32_t offset, Cycle now) {
  const int number = barrier_of(offset);
  if (observer_ != nullptr) {
    observer_->barrier_reached(core, now, number);
  }
  barriers_[static_cast<std::size_t>(number)].status |= bit(core);
  check_barrier(number, now);
  return wait_for_events(core, Wait::kBarrier, number, (offset & 0x1fu) == kBarrierTriggerWaitClear,
                         now);
}

// Mutexes.

void EventUnit::check_mutex(int mutex) const {
  if (mutex >= static_cast<int>(mutexes_.size())) {
    fault("there is no mutex " + std::to_string(mutex) + ", only " +
          std::to_string(mutexes_.size()));
  }
}

Response EventUnit::lock_mutex(CoreIndex core, int number, Cycle now) {
  check_mutex(number);
  Mutex &mutex = mutexes_[static_cast<std::size_t>(number)];
  if (mutex.owner == kNoCore) {
    mutex.owner = core;
    return {Response::Kind::kDone, false, mutex.message, now + description_.wait};
  }
  mutex.waiting |= bit(core);
  const Response response = sleep(core, Wait::kMutex, number);
  deliver(core, 0, now, description_.wait);  // faults if another event would end the sleep
  return response;
}

void EventUnit::unlock_mutex(CoreIndex core, int number, std::uint32_t message, Cycle now) {
  check_mutex(number);
  Mutex &mutex = mutexes_[static_cast<std::size_t>(number)];
  if (mutex.owner != core) {
    fault(names_(core) + " unlocks mutex " + std::to_string(number) + ", which " +
          (mutex.owner == kNoCore ? std::string("nobody") : names_(mutex.owner)) + " holds");
  }
  mutex.message = message;
  if (mutex.waiting == 0) {
    mutex.owner = kNoCore;
    return;
  }
  mutex.owner = __builtin_ctz(mutex.waiting);
  mutex.waiting &= mutex.waiting - 1;
  grant(mutex.owner, message, kEventMutex, now, description_.wait);
}

// Dispatch FIFO.

void EventUnit::push_dispatch(std::uint32_t value, Cycle now) {
  check_cores(dispatch_team_, "the team mask of the dispatch FIFO");
  if (dispatch_team_ == 0) {
    fault("a value is pushed into the dispatch FIFO, but its team mask is zero: nobody gets it");
  }
  Dispatch &entry = dispatches_[dispatch_head_ % kDispatchEntries];
  if (dispatch_head_ >= kDispatchEntries) {
    const std::uint64_t oldest = dispatch_head_ - kDispatchEntries;
    std::uint32_t behind = 0;
    for (CoreIndex core = 0; core < count_; ++core) {
      if ((entry.team & bit(core)) != 0 &&
          dispatch_tail_[static_cast<std::size_t>(core)] <= oldest) {
        behind |= bit(core);
      }
    }
    if (behind != 0) {
      fault("the dispatch FIFO overflows: " + names_.of_mask(behind) + " did not pop the last " +
            std::to_string(kDispatchEntries) + " values");
    }
  }
  entry = {value, dispatch_team_};
  ++dispatch_head_;
  for (CoreIndex core = 0; core < count_; ++core) {
    CoreState &s = state(core);
    if (s.waiting != Wait::kDispatch || s.granted) {
      continue;
    }
    // Whoever waits has seen all entries before this one.
    ++dispatch_tail_[static_cast<std::size_t>(core)];
    if ((entry.team & bit(core)) != 0) {
      grant(core, value, kEventDispatch, now, description_.dispatch_wake);
    }
  }
}

Response EventUnit::pop_dispatch(CoreIndex core, Cycle now) {
  std::uint64_t &tail = dispatch_tail_[static_cast<std::size_t>(core)];
  if (dispatch_head_ > kDispatchEntries) {
    tail = std::max(tail, dispatch_head_ - kDispatchEntries);  // all before were others'
  }
  while (tail < dispatch_head_) {
    const Dispatch &entry = dispatches_[tail++ % kDispatchEntries];
    if ((entry.team & bit(core)) != 0) {
      return {Response::Kind::kDone, false, entry.value, now + description_.wait};
    }
  }
  const Response response = sleep(core, Wait::kDispatch, 0);
  deliver(core, 0, now, description_.wait);  // faults if another event would end the sleep
  return response;
}

std::string EventUnit::describe_wait(CoreIndex core) const {
  const CoreState &s = state(core);
  std::string text;
  int event = -1;
  switch (s.waiting) {
    case Wait::kNone:
      return text;
    case Wait::kEvents:
      text = "waits for an event of its event mask " + hexadecimal(s.mask);
      break;
    case Wait::kBarrier: {
      const Barrier &barrier = barriers_[static_cast<std::size_t>(s.resource)];
      text = "waits at barrier " + std::to_string(s.resource) + ": team " +
             hexadecimal(barrier.team) + ", arrived " + hexadecimal(barrier.status) + ", missing " +
             hexadecimal(barrier.team & ~barrier.status);
      if ((barrier.status & ~barrier.team) != 0) {
        text +=
            ", arrived without being of the team " + hexadecimal(barrier.status & ~barrier.team);
      }
      event = kEventBarrier;
      break;
    }
    case Wait::kMutex: {
      const CoreIndex owner = mutexes_[static_cast<std::size_t>(s.resource)].owner;
      text = "waits for mutex " + std::to_string(s.resource) + ", held by " +
             (owner == core ? std::string("itself") : names_(owner));
      event = kEventMutex;
      break;
    }
    case Wait::kDispatch:
      text = "waits for the dispatch FIFO";
      event = kEventDispatch;
      break;
  }
  text += "; event buffer " + hexadecimal(s.buffer);
  if (event >= 0 && (s.mask & bit(event)) == 0) {
    text += "; its event mask " + hexadecimal(s.mask) + " lacks bit " + std::to_string(event) +
            ", without which it cannot wake up";
  }
  return text;
}

}  // namespace tilewright::simulator
