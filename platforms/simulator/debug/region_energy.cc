#include "platforms/simulator/debug/region_energy.h"

#include <algorithm>

namespace tilewright::simulator {

void RegionEnergy::region_begins(CoreIndex core, Cycle cycle, const std::string &name) {
  if (core != machine_()->cores() - 1) {
    return;
  }
  const EnergyEstimate now = energy_at(cycle);
  auto total =
      std::find_if(totals_.begin(), totals_.end(), [&](const Total &t) { return t.name == name; });
  if (total == totals_.end()) {
    EnergyEstimate nothing = now;
    nothing.seconds = 0;
    for (EnergyItem &item : nothing.items) {
      item.events = 0;
    }
    totals_.push_back({name, 0, nothing});
    total = totals_.end() - 1;
  }
  open_.push_back({static_cast<std::size_t>(total - totals_.begin()), now});
}

void RegionEnergy::region_ends(CoreIndex core, Cycle cycle) {
  if (core != machine_()->cores() - 1) {
    return;
  }
  // The core has found out before that the region has begun.
  const Open &region = open_.back();
  Total &total = totals_[region.total];
  const EnergyEstimate now = energy_at(cycle);
  ++total.visits;
  total.energy.seconds += now.seconds - region.energy.seconds;
  for (std::size_t i = 0; i < now.items.size(); ++i) {
    total.energy.items[i].events += now.items[i].events - region.energy.items[i].events;
  }
  open_.pop_back();
}

EnergyEstimate RegionEnergy::energy_at(Cycle cycle) const {
  MachineStatistics statistics = machine_()->statistics();
  statistics.cycles = cycle;
  return estimate_energy(machine_()->description(), statistics);
}

void RegionEnergy::write(JsonWriter *json) const {
  json->begin_list("energy_by_region");
  for (const Total &total : totals_) {
    json->begin_object();
    json->value("name", total.name);
    json->value("visits", total.visits);
    json->value("seconds", total.energy.seconds);
    json->value("microjoules", total.energy.microjoules());
    json->begin_object("events");
    for (const EnergyItem &item : total.energy.items) {
      json->value(item.name, item.events);
    }
    json->end_object();
    json->end_object();
  }
  json->end_list();
}

}  // namespace tilewright::simulator
