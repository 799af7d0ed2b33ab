// What a simulation tells those who look at it: traces, the debugger.
#ifndef PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_
#define PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_

#include <cstdint>
#include <string>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Calls come in the order of time per core, not over all cores, unless run-ahead is off.
class Observer {
 public:
  virtual ~Observer() = default;

  // An instruction is issued at `cycle`; only called if Observation asked for instructions.
  virtual void instruction(CoreIndex, Cycle /*cycle*/, Address /*pc*/) {}
  virtual void core_started(CoreIndex, Cycle) {}
  virtual void core_sleeps(CoreIndex, Cycle) {}
  virtual void core_wakes(CoreIndex, Cycle) {}
  // Region markers of the firmware (tilewright/region.h); regions of a core nest.
  virtual void region_begins(CoreIndex, Cycle, const std::string & /*name*/) {}
  virtual void region_ends(CoreIndex, Cycle) {}
  // A DMA transfer: commanded, moving bytes, done. `to_l1` is its direction.
  virtual void dma_transfer(CoreIndex /*issuer*/, bool /*to_l1*/, std::uint32_t /*bytes*/,
                            Cycle /*queued*/, Cycle /*started*/, Cycle /*done*/) {}
  // An accelerator job; `description` is mode and shape.
  virtual void accelerator_job(const std::string & /*description*/, Cycle /*triggered*/,
                               Cycle /*started*/, Cycle /*done*/) {}
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_
