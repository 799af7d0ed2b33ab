// Control of the cluster's instruction caches: enable at offset 0, flush at offset 4.
#ifndef PLATFORMS_SIMULATOR_DEVICES_INSTRUCTION_CACHE_CONTROL_H_
#define PLATFORMS_SIMULATOR_DEVICES_INSTRUCTION_CACHE_CONTROL_H_

#include "platforms/simulator/devices/core_control.h"
#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/memory/instruction_cache.h"

namespace tilewright::simulator {

class InstructionCacheControl : public Device {
 public:
  InstructionCacheControl(ClusterInstructionCache *cache, CoreControl *control)
      : cache_(cache), control_(control) {}

  Response load(CoreIndex, std::uint32_t offset, Cycle) override {
    if (offset != kEnable) {
      no_register("instruction cache control", offset, false);
    }
    return loaded(cache_->caching() ? ~0u : 0u);
  }

  // The caches are on or off as a whole: any bit switches them on.
  Response store(CoreIndex, std::uint32_t offset, std::uint32_t value, Cycle) override {
    if (offset == kEnable) {
      cache_->set_caching(value != 0);
      control_->set_instruction_caches(value != 0);
    } else if (offset == kFlush) {
      cache_->flush();
      control_->flush_instruction_caches();
    } else {
      no_register("instruction cache control", offset, true);
    }
    return stored();
  }

 private:
  static constexpr std::uint32_t kEnable = 0;
  static constexpr std::uint32_t kFlush = 4;

  ClusterInstructionCache *cache_;
  CoreControl *control_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_INSTRUCTION_CACHE_CONTROL_H_
