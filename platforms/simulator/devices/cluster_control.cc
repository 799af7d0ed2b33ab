#include "platforms/simulator/devices/cluster_control.h"

namespace tilewright::simulator {
namespace {

constexpr std::uint32_t kFetchEnable = 0x08;
constexpr std::uint32_t kClockGate = 0x20;
constexpr std::uint32_t kBoot = 0x40;

}  // namespace

CoreIndex ClusterControl::boot_core(std::uint32_t offset) const {
  const bool boot = offset >= kBoot && offset < kBoot + 4 * static_cast<std::uint32_t>(cores_);
  return boot ? static_cast<CoreIndex>((offset - kBoot) / 4) : kNoCore;
}

Response ClusterControl::load(CoreIndex, std::uint32_t offset, Cycle) {
  if (offset == kFetchEnable) {
    return loaded(fetch_enable_);
  }
  if (offset == kClockGate) {
    return loaded(clock_gate_);
  }
  const CoreIndex core = boot_core(offset);
  if (core == kNoCore) {
    no_register("cluster control", offset, false);
  }
  return loaded(boot_[static_cast<std::size_t>(core)]);
}

Response ClusterControl::store(CoreIndex, std::uint32_t offset, std::uint32_t value, Cycle now) {
  if (offset == kFetchEnable) {
    if ((value >> cores_) != 0) {
      fault("fetch-enable mask " + hexadecimal(value) + " names cores that do not exist; the " +
            "cluster has " + std::to_string(cores_));
    }
    const std::uint32_t stopped = fetch_enable_ & ~value;
    if (stopped != 0) {
      fault("fetch enable of " + names_.of_mask(stopped) +
            " is cleared: stopping a core that was started is not modelled");
    }
    for (CoreIndex core = 0; core < cores_; ++core) {
      if (((value & ~fetch_enable_) >> core & 1u) != 0) {
        control_->start(core, boot_[static_cast<std::size_t>(core)], now + start_delay_);
      }
    }
    fetch_enable_ = value;
    return stored();
  }
  if (offset == kClockGate) {
    clock_gate_ = value;  // kept for reading back: the clock always runs
    return stored(false);
  }
  const CoreIndex core = boot_core(offset);
  if (core == kNoCore) {
    no_register("cluster control", offset, true);
  }
  boot_[static_cast<std::size_t>(core)] = value;
  return stored(false);
}

}  // namespace tilewright::simulator
