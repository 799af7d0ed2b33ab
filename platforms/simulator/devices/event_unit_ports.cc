// The addresses at which cores and the fabric controller see the event unit.
#include "platforms/simulator/devices/event_unit.h"

namespace tilewright::simulator {
namespace {

// Demux port.
constexpr std::uint32_t kWait = 0x38;
constexpr std::uint32_t kWaitClear = 0x3c;
constexpr std::uint32_t kCoreEnd = 0x40;
constexpr std::uint32_t kDispatchFifo = 0x80;
constexpr std::uint32_t kDispatchTeam = 0x84;
constexpr std::uint32_t kMutexes = 0xc0;
constexpr std::uint32_t kMutexesEnd = 0x100;
constexpr std::uint32_t kSoftwareEvents = 0x100;
constexpr std::uint32_t kSoftwareEventsEnd = kSoftwareEvents + 4 * EventUnit::kSoftwareEvents;
constexpr std::uint32_t kBarriers = 0x200;
constexpr std::uint32_t kBarriersEnd = 0x400;

// Peripheral port.
constexpr std::uint32_t kPeripheralCoreSize = 0x40;
constexpr std::uint32_t kPeripheralBarriers = 0x400;
constexpr std::uint32_t kPeripheralSoftwareEvents = 0x600;
constexpr std::uint32_t kPeripheralSoftwareEventsEnd =
    kPeripheralSoftwareEvents + 4 * EventUnit::kSoftwareEvents;

}  // namespace

void EventUnitDemuxPort::check_core(CoreIndex core) const {
  if (core >= cores_) {
    fault(
        "the fabric controller has no port of its own to the event unit; it reaches the one on "
        "the peripheral bus");
  }
}

Response EventUnitDemuxPort::load(CoreIndex core, std::uint32_t offset, Cycle) {
  check_core(core);
  if (offset == kWait || offset == kWaitClear || offset == kDispatchFifo ||
      (offset >= kMutexes && offset < kMutexesEnd)) {
    fault("a core that may have to wait here must use cv.elw, not lw");
  }
  if (offset < kCoreEnd) {
    return loaded(unit_->load_core_register(core, offset));
  }
  if (offset == kDispatchTeam) {
    return loaded(unit_->dispatch_team());
  }
  if (offset >= kBarriers && offset < kBarriersEnd) {
    return loaded(unit_->load_barrier(offset - kBarriers));
  }
  no_register("the event unit", offset, false);
}

Response EventUnitDemuxPort::store(CoreIndex core, std::uint32_t offset, std::uint32_t value,
                                   Cycle now) {
  check_core(core);
  if (offset < kCoreEnd) {
    unit_->store_core_register(core, offset, value, now);
  } else if (offset == kDispatchFifo) {
    unit_->push_dispatch(value, now);
  } else if (offset == kDispatchTeam) {
    unit_->set_dispatch_team(value);
  } else if (offset >= kMutexes && offset < kMutexesEnd) {
    unit_->unlock_mutex(core, static_cast<int>((offset - kMutexes) / 4), value, now);
  } else if (offset >= kSoftwareEvents && offset < kSoftwareEventsEnd) {
    unit_->trigger_software_event(static_cast<int>((offset - kSoftwareEvents) / 4), value, now);
  } else if (offset >= kBarriers && offset < kBarriersEnd) {
    unit_->store_barrier(core, offset - kBarriers, value, now);
  } else {
    no_register("the event unit", offset, true);
  }
  return stored();
}

Response EventUnitDemuxPort::event_load(CoreIndex core, std::uint32_t offset, Cycle now) {
  check_core(core);
  if (offset == kWait || offset == kWaitClear) {
    return unit_->wait(core, offset == kWaitClear, now);
  }
  if (offset == kDispatchFifo) {
    return unit_->pop_dispatch(core, now);
  }
  if (offset >= kMutexes && offset < kMutexesEnd) {
    return unit_->lock_mutex(core, static_cast<int>((offset - kMutexes) / 4), now);
  }
  if (offset >= kBarriers && offset < kBarriersEnd && (offset & 0x1fu) >= 0x18) {
    return unit_->wait_at_barrier(core, offset - kBarriers, now);
  }
  return load(core, offset, now);
}

Response EventUnitPeripheralPort::load(CoreIndex, std::uint32_t offset, Cycle) {
  if (offset < kPeripheralCoreSize * static_cast<std::uint32_t>(cores_)) {
    const std::uint32_t own = offset % kPeripheralCoreSize;
    if (own == kWait || own == kWaitClear) {
      fault("cores wait on their own (demux) port of the event unit");
    }
    return loaded(
        unit_->load_core_register(static_cast<CoreIndex>(offset / kPeripheralCoreSize), own));
  }
  if (offset >= kPeripheralBarriers && offset < kPeripheralSoftwareEvents) {
    return loaded(unit_->load_barrier(offset - kPeripheralBarriers));
  }
  no_register("the event unit's peripheral port", offset, false);
}

Response EventUnitPeripheralPort::store(CoreIndex core, std::uint32_t offset, std::uint32_t value,
                                        Cycle now) {
  if (offset < kPeripheralCoreSize * static_cast<std::uint32_t>(cores_)) {
    unit_->store_core_register(static_cast<CoreIndex>(offset / kPeripheralCoreSize),
                               offset % kPeripheralCoreSize, value, now);
  } else if (offset >= kPeripheralBarriers && offset < kPeripheralSoftwareEvents) {
    unit_->store_barrier(core, offset - kPeripheralBarriers, value, now);
  } else if (offset >= kPeripheralSoftwareEvents && offset < kPeripheralSoftwareEventsEnd) {
    unit_->trigger_software_event(static_cast<int>((offset - kPeripheralSoftwareEvents) / 4), value,
                                  now);
  } else {
    no_register("the event unit's peripheral port", offset, true);
  }
  return stored();
}

}  // namespace tilewright::simulator
