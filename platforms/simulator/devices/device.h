// What every memory-mapped device offers the bus.
#ifndef PLATFORMS_SIMULATOR_DEVICES_DEVICE_H_
#define PLATFORMS_SIMULATOR_DEVICES_DEVICE_H_

#include <cstdint>
#include <string>

#include "platforms/simulator/memory/bus.h"
#include "platforms/simulator/soc/fault.h"
#include "platforms/simulator/soc/hexadecimal.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// In a Response of a device: the bus fills in the latency of the way to it.
inline constexpr Cycle kLatencyOfBus = 0;

// A device of 32-bit registers. Offsets are multiples of four. Adding one is this class and one
// line of the address map in soc/machine.cc.
//
// Effects take place at cycle `now`. Driving a device against its specification throws Fault with
// kDevice; the bus fills in address and core.
class Device {
 public:
  virtual ~Device() = default;

  virtual Response load(CoreIndex core, std::uint32_t offset, Cycle now) = 0;
  virtual Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) = 0;
  // cv.elw: an ordinary load, unless the device lets cores wait.
  virtual Response event_load(CoreIndex core, std::uint32_t offset, Cycle now) {
    return load(core, offset, now);
  }
  // Whether bytes can be accessed: then offsets are those of bytes.
  virtual bool byte_accesses() const { return false; }

 protected:
  static Response loaded(std::uint32_t value) {
    return {Response::Kind::kDone, false, value, kLatencyOfBus};
  }
  // `visible`: the store may have made other agents act.
  static Response stored(bool visible = true) {
    return {Response::Kind::kDone, visible, 0, kLatencyOfBus};
  }
  static Response retry(Cycle at) { return {Response::Kind::kRetry, false, 0, at}; }

  [[noreturn]] static void fault(const std::string &detail) {
    throw Fault{FaultKind::kDevice, kNoCore, 0, detail};
  }
  [[noreturn]] static void no_register(const char *device, std::uint32_t offset, bool store) {
    fault(std::string(device) + " has no register that can be " + (store ? "written" : "read") +
          " at offset " + hexadecimal(offset));
  }
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_DEVICE_H_
