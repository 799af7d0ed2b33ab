#include "platforms/simulator/debug/statistics_report.h"

#include <numeric>

#include "platforms/simulator/debug/counter_names.h"
#include "platforms/simulator/debug/json_writer.h"

namespace tilewright::simulator {
namespace {

void write_counters(const CoreStatistics &statistics, JsonWriter *json) {
  for (const Counter &counter : kEvents) {
    json->value(counter.name, statistics.*counter.value);
  }
  json->begin_object("stalls");
  for (const Counter &counter : kStalls) {
    json->value(counter.name, statistics.*counter.value);
  }
  json->end_object();
  json->value("sleep", statistics.sleep);
}

std::uint64_t accounted_cycles(const CoreStatistics &statistics) {
  return statistics.instructions + stall_cycles(statistics) + statistics.sleep;
}

void write_cores(Machine *machine, const MachineStatistics &statistics, JsonWriter *json) {
  CoreStatistics sum;
  json->begin_list("cores");
  for (CoreIndex i = 0; i < machine->cores(); ++i) {
    const CoreStatistics &core = statistics.cores[static_cast<std::size_t>(i)];
    json->begin_object();
    json->value("name", machine->core_name(i));
    if (core.started != kNever) {
      json->value("started", core.started);
    }
    json->value("cycles", accounted_cycles(core));
    write_counters(core, json);
    json->end_object();
    for (const Counter &counter : kEvents) {
      sum.*counter.value += core.*counter.value;
    }
    for (const Counter &counter : kStalls) {
      sum.*counter.value += core.*counter.value;
    }
    sum.sleep += core.sleep;
  }
  json->end_list();
  json->begin_object("all_cores");
  json->value("cycles", accounted_cycles(sum));
  write_counters(sum, json);
  json->end_object();
}

void write_memories(const MachineStatistics &statistics, JsonWriter *json) {
  const std::vector<std::uint64_t> &conflicts = statistics.bank_conflicts;
  json->begin_object("l1");
  json->value("accesses", statistics.l1_accesses);
  json->value("bank_conflicts",
              std::accumulate(conflicts.begin(), conflicts.end(), std::uint64_t{0}));
  json->value("bank_conflicts_by_bank", conflicts);
  json->end_object();
  json->begin_object("l2");
  json->value("bytes_read", statistics.l2_bytes_read);
  json->value("bytes_written", statistics.l2_bytes_written);
  json->end_object();
  json->begin_object("weight_memory");
  json->value("bytes", statistics.weight_memory_bytes);
  json->end_object();
}

void write_devices(const MachineStatistics &statistics, JsonWriter *json) {
  const DmaStatistics &dma = statistics.dma;
  json->begin_object("dma");
  json->value("transfers", dma.transfers);
  json->value("bytes_to_l1", dma.bytes_to_l1);
  json->value("bytes_from_l1", dma.bytes_from_l1);
  json->value("busy_cycles", dma.busy_cycles);
  json->value("bank_conflicts", dma.bank_conflicts);
  json->value("l2_conflicts", dma.l2_conflicts);
  json->end_object();
  const NeurekaStatistics &accelerator = statistics.accelerator;
  json->begin_object("accelerator");
  json->value("jobs", accelerator.jobs);
  json->value("busy_cycles", accelerator.busy_cycles);
  json->value("stall_cycles", accelerator.stall_cycles);
  json->value("multiply_accumulates", accelerator.multiply_accumulates);
  json->value("input_accesses", accelerator.input_accesses);
  json->value("weight_accesses_l1", accelerator.weight_accesses_l1);
  json->value("weight_bytes_wmem", accelerator.weight_bytes_wmem);
  json->value("output_accesses", accelerator.output_accesses);
  json->end_object();
}

// By core, and of each core in the order of the first visit.
void write_regions(Machine *machine, JsonWriter *json) {
  json->begin_list("regions");
  for (CoreIndex i = 0; i < machine->cores(); ++i) {
    for (const RegionTotal &region : machine->core(i).regions().totals()) {
      json->begin_object();
      json->value("name", region.name);
      json->value("core", machine->core_name(i));
      json->value("visits", region.visits);
      json->value("first_begin", region.first_begin);
      json->value("last_end", region.last_end);
      json->value("cycles", region.cycles);
      write_counters(region.statistics, json);
      json->end_object();
    }
  }
  json->end_list();
}

}  // namespace

std::uint64_t stall_cycles(const CoreStatistics &statistics) {
  std::uint64_t sum = 0;
  for (const Counter &counter : kStalls) {
    sum += statistics.*counter.value;
  }
  return sum;
}

std::string report_statistics(Machine *machine, const Outcome &outcome,
                              const RegionEnergy *region_energy) {
  const MachineStatistics statistics = machine->statistics();
  JsonWriter json;
  json.begin_object();
  json.value("soc", machine->description().name);
  json.value("clock_hertz", machine->description().clock_hertz);
  json.value("stop", outcome.stop);
  json.value("exit_code", outcome.exit_code);
  json.value("cycles", outcome.cycles);
  write_cores(machine, statistics, &json);
  write_memories(statistics, &json);
  write_devices(statistics, &json);
  write_regions(machine, &json);
  if (region_energy != nullptr) {
    region_energy->write(&json);
  }
  json.end_object();
  return json.text();
}

}  // namespace tilewright::simulator
