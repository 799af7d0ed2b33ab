// Every address that a core reaches other than the TCDM, which it accesses inline.
#ifndef PLATFORMS_SIMULATOR_MEMORY_BUS_H_
#define PLATFORMS_SIMULATOR_MEMORY_BUS_H_

#include <cstdint>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// What became of a load or store.
struct Response {
  enum class Kind : std::uint8_t {
    kDone,   // the core goes on at `at`
    kRetry,  // refused by an arbiter: the same access again at `at`
    kSleep,  // only event loads: the core sleeps until Core::wake delivers the value
  };
  Kind kind;
  // The access may have woken other agents: the core returns to the scheduler.
  bool visible;
  std::uint32_t value;  // of a load, zero-extended from the size of the access
  Cycle at;
};

// The interconnect: decodes addresses, arbitrates, charges latencies of soc.yaml, and calls
// devices.
class Bus {
 public:
  virtual ~Bus() = default;

  // Loads or stores `size` (1, 2, 4) bytes. `now` is the cycle of issue; effects take place in it.
  // An access that crosses a word is two accesses to the core, which splits it.
  // Throws Fault: nothing at the address, a size or alignment the device does not support, a store
  // to code, a null pointer, a stack guard.
  virtual Response load(CoreIndex core, Address address, unsigned size, Cycle now) = 0;
  virtual Response store(CoreIndex core, Address address, unsigned size, std::uint32_t value,
                         Cycle now) = 0;

  // cv.elw: a load at which the core may sleep.
  virtual Response event_load(CoreIndex core, Address address, Cycle now) = 0;

  // Access of a debugger: no time passes, devices are not touched. False: nothing there.
  virtual bool peek(Address address, void *bytes, std::uint32_t size) const = 0;
  virtual bool poke(Address address, const void *bytes, std::uint32_t size) = 0;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_MEMORY_BUS_H_
