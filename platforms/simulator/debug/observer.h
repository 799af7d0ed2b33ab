// What a simulation tells those who look at it: traces, the debugger.
#ifndef PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_
#define PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_

#include <cstdint>
#include <string>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

struct Registers;

// An accelerator job that is done.
struct AcceleratorJob {
  std::string description;  // mode and shape
  CoreIndex core;           // that commanded it
  // When the core got a context for it and began to configure it; the last store to a register of
  // it; when it was triggered; when it ran.
  Cycle acquired, configured, triggered, started, done;
  // Cycles in which it stood back in favour of cores and DMA, and those of them in which it wanted
  // weights.
  std::uint64_t stall_cycles, weight_stall_cycles;
  std::uint64_t multiply_accumulates;
  std::uint64_t weight_bytes;  // fetched
  bool weights_in_weight_memory;
};

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
  virtual void accelerator_job(const AcceleratorJob &) {}
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_OBSERVER_H_
