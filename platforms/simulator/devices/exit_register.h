// The SoC control register with which firmware ends.
#ifndef PLATFORMS_SIMULATOR_DEVICES_EXIT_REGISTER_H_
#define PLATFORMS_SIMULATOR_DEVICES_EXIT_REGISTER_H_

#include <cstdint>

#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/soc/scheduler.h"

namespace tilewright::simulator {

// A store with bit 31 set ends the simulation; the other bits are the exit code. Any other value
// is only kept.
class ExitRegister : public Device {
 public:
  explicit ExitRegister(Scheduler *scheduler) : scheduler_(scheduler) {}

  Response load(CoreIndex, std::uint32_t, Cycle) override { return loaded(value_); }

  Response store(CoreIndex, std::uint32_t, std::uint32_t value, Cycle now) override {
    value_ = value;
    if ((value & kExit) != 0 && at_ == kNever) {
      code_ = static_cast<int>(value & ~kExit);
      at_ = now;
      scheduler_->request_stop();
    }
    return stored();
  }

  bool exited() const { return at_ != kNever; }
  int code() const { return code_; }
  // Cycle of the store; kNever before it.
  Cycle at() const { return at_; }

 private:
  static constexpr std::uint32_t kExit = 1u << 31;

  Scheduler *scheduler_;
  std::uint32_t value_ = 0;
  int code_ = 0;
  Cycle at_ = kNever;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_EXIT_REGISTER_H_
