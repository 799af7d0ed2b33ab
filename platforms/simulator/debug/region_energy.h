// What the whole SoC spent while its fabric controller was in a region of the firmware.
//
// The regions of `RegionLog` count what one core did. Firmware whose fabric controller hands work
// to the cluster wants to know what all of it cost: cycles, bytes copied, energy.
#ifndef PLATFORMS_SIMULATOR_DEBUG_REGION_ENERGY_H_
#define PLATFORMS_SIMULATOR_DEBUG_REGION_ENERGY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "platforms/simulator/debug/energy.h"
#include "platforms/simulator/debug/json_writer.h"
#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/soc/machine.h"

namespace tilewright::simulator {

// Events are counted up to the cycle of the marker for the fabric controller; cores that ran ahead
// of it are ahead by what they computed there, unless run-ahead is off.
class RegionEnergy : public Observer {
 public:
  // `machine` gives the machine that is observed, which need not exist yet.
  explicit RegionEnergy(std::function<Machine *()> machine) : machine_(std::move(machine)) {}

  void region_begins(CoreIndex core, Cycle cycle, const std::string &name) override;
  void region_ends(CoreIndex core, Cycle cycle) override;

  // Appends `energy_by_region`, in the order of the first begin; incomplete visits do not count.
  void write(JsonWriter *json) const;

 private:
  struct Total {
    std::string name;
    std::uint64_t visits;
    EnergyEstimate energy;
  };
  struct Open {
    std::size_t total;
    EnergyEstimate energy;
  };
  EnergyEstimate energy_at(Cycle cycle) const;

  std::function<Machine *()> machine_;
  std::vector<Total> totals_;
  std::vector<Open> open_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_REGION_ENERGY_H_
