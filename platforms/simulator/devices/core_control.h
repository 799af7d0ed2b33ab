// What devices do to cores.
#ifndef PLATFORMS_SIMULATOR_DEVICES_CORE_CONTROL_H_
#define PLATFORMS_SIMULATOR_DEVICES_CORE_CONTROL_H_

#include <cstdint>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

class CoreControl {
 public:
  virtual ~CoreControl() = default;
  // A cluster core begins to fetch at `pc` in cycle `at`.
  virtual void start(CoreIndex core, Address pc, Cycle at) = 0;
  // The event load in which a core sleeps yields `value`; its next instruction is issued at `at`.
  virtual void wake(CoreIndex core, std::uint32_t value, Cycle at) = 0;
  // The cluster cores' own instruction caches.
  virtual void set_instruction_caches(bool on) = 0;
  virtual void flush_instruction_caches() = 0;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_CORE_CONTROL_H_
