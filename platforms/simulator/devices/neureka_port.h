// The accelerator's registers on the bus.
#ifndef PLATFORMS_SIMULATOR_DEVICES_NEUREKA_PORT_H_
#define PLATFORMS_SIMULATOR_DEVICES_NEUREKA_PORT_H_

#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/neureka/neureka.h"

namespace tilewright::simulator {

class NeurekaPort : public Device {
 public:
  explicit NeurekaPort(Neureka *neureka) : neureka_(neureka) {}

  Response load(CoreIndex core, std::uint32_t offset, Cycle now) override {
    return loaded(neureka_->load(core, offset, now));
  }
  Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) override {
    neureka_->store(core, offset, value, now);
    return stored();
  }

 private:
  Neureka *neureka_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_NEUREKA_PORT_H_
