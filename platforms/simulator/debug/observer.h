// What a simulation tells those who look at it: traces, the debugger.
#ifndef PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_
#define PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_

#include <cstdint>
#include <string>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

struct Registers;

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
  // A core comes to a barrier, on its own port, in the cycle of its event load.
  virtual void barrier_reached(CoreIndex, Cycle, int /*barrier*/) {}
  // The last core has come; those who wait go on at `cycle`.
  virtual void barrier_passed(int /*barrier*/, Cycle) {}
  // A jump has led to an address that CodeImage::set_mark marks; its instruction is issued at
  // `cycle`. `registers` are the core's before that.
  virtual void mark_reached(CoreIndex, Cycle, Address, const Registers & /*registers*/) {}
  // A DMA transfer: commanded, moving bytes, done. `to_l1` is its direction.
  virtual void dma_transfer(CoreIndex /*issuer*/, bool /*to_l1*/, std::uint32_t /*bytes*/,
                            Cycle /*queued*/, Cycle /*started*/, Cycle /*done*/) {}
  // An accelerator job; `description` is mode and shape.
  virtual void accelerator_job(const std::string & /*description*/, Cycle /*triggered*/,
                               Cycle /*started*/, Cycle /*done*/) {}
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_
