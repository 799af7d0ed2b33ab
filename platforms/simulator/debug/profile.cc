#include "platforms/simulator/debug/profile.h"

#include "platforms/simulator/debug/counter_names.h"
#include "platforms/simulator/debug/json_writer.h"

namespace tilewright::simulator {
namespace {

// Numbers of the integer registers.
constexpr std::size_t kReturnAddress = 1;
constexpr std::size_t kStackPointer = 2;

CoreStatistics difference(const CoreStatistics &now, const CoreStatistics &before) {
  CoreStatistics result = now;
  for (const Counter &counter : kEvents) {
    result.*counter.value -= before.*counter.value;
  }
  for (const Counter &counter : kStalls) {
    result.*counter.value -= before.*counter.value;
  }
  result.sleep -= before.sleep;
  return result;
}

void write_names(const char *key, const std::vector<std::string> &names, JsonWriter *json) {
  json->begin_list(key);
  for (const std::string &name : names) {
    json->value("", name);
  }
  json->end_list();
}

std::vector<std::string> arrival_columns() {
  std::vector<std::string> names = {"core", "arrived"};
  for (const Counter &counter : kEvents) {
    names.emplace_back(counter.name);
  }
  for (const Counter &counter : kStalls) {
    names.push_back(std::string(counter.name) + "_stalls");
  }
  names.emplace_back("sleep");
  return names;
}

}  // namespace

void Profile::watch() {
  for (const auto &[address, name] : functions_) {
    machine_()->code().set_mark(address);
  }
}

void Profile::barrier_reached(CoreIndex core, Cycle cycle, int barrier) {
  const CoreStatistics now = machine_()->core(core).statistics(cycle);
  CoreStatistics &last = last_[{barrier, core}];
  Meeting &meeting = open_.try_emplace(barrier, Meeting{barrier, kNever, {}}).first->second;
  meeting.arrivals.push_back({core, cycle, difference(now, last)});
  last = now;
}

void Profile::barrier_passed(int barrier, Cycle cycle) {
  const auto meeting = open_.find(barrier);
  if (meeting != open_.end()) {
    meeting->second.passed = cycle;
    meetings_.push_back(std::move(meeting->second));
    open_.erase(meeting);
  }
}

void Profile::mark_reached(CoreIndex core, Cycle cycle, Address address,
                           const Registers &registers) {
  const std::uint32_t stack_pointer = registers.x[kStackPointer];
  for (Call &call : calls_) {
    if (call.end == kNever && call.core == core && call.return_address == address &&
        call.stack_pointer == stack_pointer) {
      call.end = cycle;
    }
  }
  const auto function = functions_.find(address);
  if (function != functions_.end()) {
    const Address return_address = registers.x[kReturnAddress];
    machine_()->code().set_mark(return_address);
    calls_.push_back({function->second, core, cycle, kNever, return_address, stack_pointer});
  }
}

void Profile::dma_transfer(CoreIndex issuer, bool to_l1, std::uint32_t bytes, Cycle queued,
                           Cycle started, Cycle done) {
  transfers_.push_back({issuer, to_l1, bytes, queued, started, done});
}

std::string Profile::text() const {
  Machine *const machine = machine_();
  JsonWriter json;
  json.begin_object();
  json.value("format", 2);
  json.value("soc", machine->description().name);
  json.value("clock_hertz", machine->description().clock_hertz);
  std::vector<std::string> cores;
  for (CoreIndex core = 0; core < machine->cores(); ++core) {
    cores.push_back(machine->core_name(core));
  }
  write_names("cores", cores, &json);
  json.begin_list("calls");
  for (const Call &call : calls_) {
    if (call.end != kNever) {
      json.begin_object();
      json.value("function", call.function);
      json.value("core", call.core);
      json.value("begin", call.begin);
      json.value("end", call.end);
      json.end_object();
    }
  }
  json.end_list();
  write_names("arrival_columns", arrival_columns(), &json);
  json.begin_list("barriers");
  for (const Meeting &meeting : meetings_) {
    json.begin_object();
    json.value("barrier", meeting.barrier);
    json.value("passed", meeting.passed);
    json.begin_list("arrivals");
    for (const Arrival &arrival : meeting.arrivals) {
      std::vector<std::uint64_t> row = {static_cast<std::uint64_t>(arrival.core), arrival.cycle};
      for (const Counter &counter : kEvents) {
        row.push_back(arrival.statistics.*counter.value);
      }
      for (const Counter &counter : kStalls) {
        row.push_back(arrival.statistics.*counter.value);
      }
      row.push_back(arrival.statistics.sleep);
      json.value("", row);
    }
    json.end_list();
    json.end_object();
  }
  json.end_list();
  write_names("transfer_columns", {"core", "to_l1", "bytes", "queued", "started", "done"}, &json);
  json.begin_list("transfers");
  for (const Transfer &t : transfers_) {
    const auto core = static_cast<std::uint64_t>(t.issuer);
    json.value("", std::vector<std::uint64_t>{core, t.to_l1, t.bytes, t.queued, t.started, t.done});
  }
  json.end_list();
  json.begin_list("jobs");
  for (const AcceleratorJob &job : jobs_) {
    json.begin_object();
    json.value("description", job.description);
    json.value("core", job.core);
    json.value("acquired", job.acquired);
    json.value("configured", job.configured);
    json.value("triggered", job.triggered);
    json.value("started", job.started);
    json.value("done", job.done);
    json.value("stalls", job.stall_cycles);
    json.value("weight_stalls", job.weight_stall_cycles);
    json.value("multiply_accumulates", job.multiply_accumulates);
    json.value("weight_bytes", job.weight_bytes);
    json.value("weight_memory", job.weights_in_weight_memory ? 1 : 0);
    json.end_object();
  }
  json.end_list();
  json.end_object();
  return json.text();
}

}  // namespace tilewright::simulator
