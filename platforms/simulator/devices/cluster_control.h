// Cluster control: which cores fetch, and from where.
#ifndef PLATFORMS_SIMULATOR_DEVICES_CLUSTER_CONTROL_H_
#define PLATFORMS_SIMULATOR_DEVICES_CLUSTER_CONTROL_H_

#include <array>
#include <cstdint>

#include "platforms/simulator/devices/core_control.h"
#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/soc/core_name.h"

namespace tilewright::simulator {

class ClusterControl : public Device {
 public:
  // `start_delay`: cycles from the store to the fetch-enable mask to a core's first instruction.
  ClusterControl(int cores, CoreNames names, Cycle start_delay, CoreControl *control)
      : cores_(cores), names_(names), start_delay_(start_delay), control_(control) {}

  Response load(CoreIndex core, std::uint32_t offset, Cycle now) override;
  Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) override;

 private:
  // The core whose boot address is at an offset, or kNoCore.
  CoreIndex boot_core(std::uint32_t offset) const;

  int cores_;
  CoreNames names_;
  Cycle start_delay_;
  CoreControl *control_;
  std::uint32_t fetch_enable_ = 0;
  std::uint32_t clock_gate_ = 0;
  std::array<Address, kMaximumCores> boot_{};
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_CLUSTER_CONTROL_H_
