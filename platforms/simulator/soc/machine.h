// The SoC: all parts, connected, and what runs them.
#ifndef PLATFORMS_SIMULATOR_SOC_MACHINE_H_
#define PLATFORMS_SIMULATOR_SOC_MACHINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platforms/simulator/core/core.h"
#include "platforms/simulator/debug/elf_file.h"
#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/devices/dma.h"
#include "platforms/simulator/neureka/neureka.h"
#include "platforms/simulator/soc/fault.h"
#include "platforms/simulator/soc/scheduler.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {

struct MachineOptions {
  bool allow_l1_alias = false;  // the cluster's alias of L1 at 0, where null pointers point
  bool run_ahead = true;
  bool instruction_trace = false;
  Observer *observer = nullptr;
};

// A consistent copy of all counters at one cycle.
struct MachineStatistics {
  Cycle cycles = 0;
  std::vector<CoreStatistics> cores;          // by CoreIndex
  std::vector<std::uint64_t> bank_conflicts;  // by bank
  DmaStatistics dma;
  NeurekaStatistics accelerator;
  std::uint64_t l1_accesses = 0;  // words, by cores and DMA
  std::uint64_t l2_bytes_read = 0;
  std::uint64_t l2_bytes_written = 0;
  std::uint64_t weight_memory_bytes = 0;  // by cores and DMA; the accelerator counts its own
};

enum class StopReason {
  kExit,        // the firmware stored to the exit register
  kCycleLimit,  // run's limit
  kRequested,   // a breakpoint, or the scheduler was asked to stop
};

class Machine {
 public:
  // Loads the firmware: every loadable segment into its memory; the entry point into the fabric
  // controller. Throws ElfError if a segment lies outside of memory, and SocError for a
  // description that the simulator cannot model. `elf` outlives the machine.
  Machine(const SocDescription &description, const ElfFile &elf, const MachineOptions &options);
  ~Machine();

  // Runs until the firmware exits or cycle `limit`; may be called again, after a Fault, too. Throws
  // Fault with the core filled in, whose registers().pc is the instruction; kDeadlock among them:
  // no core can ever go on.
  StopReason run(Cycle limit);
  // After kRequested: the breakpoint that was reached, or null.
  const BreakpointHit *breakpoint_hit() const;

  int exit_code() const;  // after kExit
  // Cycles simulated: up to the store that ended the firmware.
  Cycle cycles() const;

  Scheduler &scheduler();
  Bus &bus();
  const SocDescription &description() const;
  int cores() const;  // with the fabric controller, which is the last one
  Core &core(CoreIndex index);
  // "core 3", "control core", "fabric controller".
  std::string core_name(CoreIndex index) const;
  CodeImage &code();
  MachineStatistics statistics() const;

  // Receives the console's bytes as they are written; standard output if never called.
  using ConsoleSink = void (*)(void *context, CoreIndex core, char byte);
  void set_console(ConsoleSink sink, void *context);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_MACHINE_H_
