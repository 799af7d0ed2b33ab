// --stats: all counters of a simulation as JSON.
#ifndef PLATFORMS_SIMULATOR_DEBUG_STATISTICS_REPORT_H_
#define PLATFORMS_SIMULATOR_DEBUG_STATISTICS_REPORT_H_

#include <string>

#include "platforms/simulator/debug/region_energy.h"
#include "platforms/simulator/soc/machine.h"

namespace tilewright::simulator {

// How a simulation ended: "exit", "killed" by the debugger, or a fault's code; and when.
struct Outcome {
  std::string stop;
  int exit_code;
  Cycle cycles;
};

// The document, whose keys platforms/simulator/README.md explains. Of every core
// `cycles` = `instructions` + the sum of `stalls` + `sleep`. Without `region_energy` there is no
// `energy_by_region`.
std::string report_statistics(Machine *machine, const Outcome &outcome,
                              const RegionEnergy *region_energy = nullptr);

// Cycles in which the core was awake, but did not issue an instruction.
std::uint64_t stall_cycles(const CoreStatistics &statistics);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_STATISTICS_REPORT_H_
