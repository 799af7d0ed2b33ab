#include "platforms/simulator/debug/energy.h"

#include <cstdio>

#include "platforms/simulator/debug/json_writer.h"
#include "platforms/simulator/debug/statistics_report.h"
#include "platforms/simulator/memory/tcdm.h"

namespace tilewright::simulator {

double EnergyEstimate::microjoules() const {
  double sum = 0;
  for (const EnergyItem &item : items) {
    sum += item.microjoules();
  }
  return sum;
}

double EnergyEstimate::milliwatts() const {
  return seconds > 0 ? microjoules() * 1e-3 / seconds : 0;
}

EnergyEstimate estimate_energy(const SocDescription &description,
                               const MachineStatistics &statistics) {
  const EnergyDescription &energy = description.energy;
  std::uint64_t instructions = 0;
  std::uint64_t stalls = 0;
  std::uint64_t cache_misses = 0;
  for (const CoreStatistics &core : statistics.cores) {
    instructions += core.instructions;
    stalls += stall_cycles(core);
    cache_misses += core.instruction_cache_misses;
  }
  const NeurekaStatistics &accelerator = statistics.accelerator;
  const std::uint64_t wide_accesses =
      accelerator.input_accesses + accelerator.weight_accesses_l1 + accelerator.output_accesses;
  EnergyEstimate estimate;
  estimate.seconds = static_cast<double>(statistics.cycles) / description.clock_hertz;
  estimate.items = {
      {"base_cycle", statistics.cycles, energy.base_cycle},
      {"instruction", instructions, energy.instruction},
      {"stall_cycle", stalls, energy.stall_cycle},
      {"instruction_cache_miss", cache_misses, energy.instruction_cache_miss},
      {"l1_access", statistics.l1_accesses + wide_accesses * Tcdm::kWideBanks, energy.l1_access},
      {"l2_byte", statistics.l2_bytes_read + statistics.l2_bytes_written, energy.l2_byte},
      {"dma_byte", statistics.dma.bytes_to_l1 + statistics.dma.bytes_from_l1, energy.dma_byte},
      {"weight_memory_byte", statistics.weight_memory_bytes + accelerator.weight_bytes_wmem,
       energy.weight_memory_byte},
      {"accelerator_cycle", accelerator.busy_cycles, energy.accelerator_cycle},
      {"accelerator_mac", accelerator.multiply_accumulates, energy.accelerator_mac},
  };
  return estimate;
}

std::string energy_json(const EnergyEstimate &estimate) {
  JsonWriter json;
  json.begin_object();
  json.value("estimate", "from counted events and the calibrated constants of soc.yaml");
  json.value("seconds", estimate.seconds);
  json.value("microjoules", estimate.microjoules());
  json.value("milliwatts", estimate.milliwatts());
  json.begin_list("items");
  for (const EnergyItem &item : estimate.items) {
    json.begin_object();
    json.value("name", item.name);
    json.value("events", item.events);
    json.value("picojoules_per_event", item.picojoules_per_event);
    json.value("microjoules", item.microjoules());
    json.end_object();
  }
  json.end_list();
  json.end_object();
  return json.text();
}

std::string energy_table(const EnergyEstimate &estimate) {
  char line[128];
  std::string text = "energy (estimate)             events  pJ/event           uJ      %\n";
  const double total = estimate.microjoules();
  for (const EnergyItem &item : estimate.items) {
    std::snprintf(line, sizeof line, "%-22s %13llu %9.3g %12.3f %6.1f\n", item.name.c_str(),
                  static_cast<unsigned long long>(item.events), item.picojoules_per_event,
                  item.microjoules(), total > 0 ? 100 * item.microjoules() / total : 0.0);
    text += line;
  }
  std::snprintf(line, sizeof line, "%-22s %13s %9s %12.3f\n%.4g mW on average over %.6g ms\n",
                "sum", "", "", total, estimate.milliwatts(), estimate.seconds * 1e3);
  return text + line;
}

}  // namespace tilewright::simulator
