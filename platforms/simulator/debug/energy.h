// --energy: an estimate from counted events and the constants of soc.yaml.
#ifndef PLATFORMS_SIMULATOR_DEBUG_ENERGY_H_
#define PLATFORMS_SIMULATOR_DEBUG_ENERGY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/soc/machine.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {

// All events of one kind.
struct EnergyItem {
  std::string name;  // of the constant in soc.yaml
  std::uint64_t events;
  double picojoules_per_event;

  double microjoules() const { return static_cast<double>(events) * picojoules_per_event * 1e-6; }
};

struct EnergyEstimate {
  std::vector<EnergyItem> items;
  double seconds;

  double microjoules() const;
  double milliwatts() const;  // average
};

EnergyEstimate estimate_energy(const SocDescription &description,
                               const MachineStatistics &statistics);

// As JSON, and as a table for people.
std::string energy_json(const EnergyEstimate &estimate);
std::string energy_table(const EnergyEstimate &estimate);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_ENERGY_H_
