// Runs firmware on a simulated SoC.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platforms/simulator/debug/arguments_object.h"
#include "platforms/simulator/debug/elf_file.h"
#include "platforms/simulator/debug/energy.h"
#include "platforms/simulator/debug/fault_report.h"
#include "platforms/simulator/debug/gdb_connection.h"
#include "platforms/simulator/debug/gdb_server.h"
#include "platforms/simulator/debug/instruction_trace.h"
#include "platforms/simulator/debug/observer_list.h"
#include "platforms/simulator/debug/output_file.h"
#include "platforms/simulator/debug/profile.h"
#include "platforms/simulator/debug/region_energy.h"
#include "platforms/simulator/debug/statistics_report.h"
#include "platforms/simulator/debug/trace.h"
#include "platforms/simulator/options.h"
#include "platforms/simulator/soc/core_name.h"
#include "platforms/simulator/soc/machine.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {
namespace {

constexpr int kExitNotRun = 125;
constexpr int kExitFault = 134;
constexpr int kMaximumExitCode = 255;

// Codes of what keeps firmware from running; those of faults are in debug/fault_report.cc.
constexpr const char *kOptionCode = "TW-1001";
constexpr const char *kFileCode = "TW-1002";
constexpr const char *kSocCode = "TW-1003";
constexpr const char *kElfCode = "TW-1004";
constexpr const char *kArgumentsCode = "TW-1005";

void print_error(const char *code, const std::string &text) {
  std::fprintf(stderr, "error %s: %s\n", code, text.c_str());
}

bool read_bytes(const std::string &path, std::vector<std::uint8_t> *bytes) {
  std::ifstream file(path, std::ios::binary);
  bytes->assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  return static_cast<bool>(file);
}

// What runs, once it is known to be runnable.
struct Inputs {
  SocDescription soc;
  ElfFile elf;
};

// Reads all inputs; prints what is wrong with any of them.
bool read_inputs(const Options &options, Inputs *inputs) {
  bool valid = true;
  try {
    inputs->soc = read_soc_description(options.soc);
  } catch (const SocError &error) {
    print_error(kSocCode, error.what());
    valid = false;
  }
  try {
    inputs->elf = ElfFile::read(options.elf);
  } catch (const ElfError &error) {
    print_error(kElfCode, error.what());
    return false;
  }
  if (options.arguments) {
    std::vector<std::uint8_t> input;
    if (!read_bytes(*options.arguments, &input)) {
      print_error(kFileCode, *options.arguments + ": cannot be read");
      return false;
    }
    try {
      fill_arguments(input, &inputs->elf);
    } catch (const ElfError &error) {
      print_error(kArgumentsCode, error.what());
      return false;
    }
  }
  return valid;
}

// The files that the simulation writes; those that were not asked for are null.
class Outputs {
 public:
  explicit Outputs(const Options &options)
      : stats(open(options.stats)),
        energy(open(options.energy)),
        trace(open(options.trace)),
        instruction_trace(open(options.instruction_trace)),
        profile(open(options.profile)) {}

  // Prints which files could not be written.
  bool check() const {
    bool valid = true;
    for (const OutputFile *file : all()) {
      if (file != nullptr && !file->valid()) {
        print_error(kFileCode, file->path() + ": cannot be written");
        valid = false;
      }
    }
    return valid;
  }

  void close() {
    for (OutputFile *file : all()) {
      if (file != nullptr) {
        file->close();
      }
    }
  }

  // Nothing ran: no file is left behind.
  void discard() {
    for (OutputFile *file : all()) {
      if (file != nullptr && file->valid()) {
        file->discard();
      }
    }
  }

  const std::unique_ptr<OutputFile> stats, energy, trace, instruction_trace, profile;

 private:
  static std::unique_ptr<OutputFile> open(const std::optional<std::string> &path) {
    return path ? std::make_unique<OutputFile>(*path) : nullptr;
  }
  std::vector<OutputFile *> all() const {
    return {stats.get(), energy.get(), trace.get(), instruction_trace.get(), profile.get()};
  }
};

// The functions to log, by address; prints which the firmware does not have.
bool find_functions(const Options &options, const ElfFile &elf,
                    std::map<Address, std::string> *functions) {
  bool valid = true;
  for (const std::string &name : options.profile_functions) {
    const Symbol *symbol = elf.find(name);
    if (symbol == nullptr) {
      print_error(kOptionCode,
                  "--profile-function: " + options.elf + " has no symbol '" + name + "'");
      valid = false;
    } else {
      functions->emplace(symbol->address, name);
    }
  }
  return valid;
}

// Runs the machine to its end, under a debugger's control first if there is one. Problems of the
// firmware are printed.
Outcome run_machine(const Options &options, const ElfFile &elf, Machine *machine,
                    GdbConnection *debugger) {
  try {
    if (debugger != nullptr) {
      GdbServer server(machine, &elf, options.maximum_cycles, debugger);
      const GdbServer::End end = server.serve();
      if (end == GdbServer::End::kKilled) {
        return {"killed", kExitFault, machine->cycles()};
      }
      if (end == GdbServer::End::kExit) {
        return {"exit", machine->exit_code(), machine->cycles()};
      }
    }
    if (machine->run(options.maximum_cycles) == StopReason::kExit) {
      return {"exit", machine->exit_code(), machine->cycles()};
    }
    throw Fault{FaultKind::kCycleLimit, kNoCore, 0, ""};
  } catch (const Fault &fault) {
    std::fflush(stdout);
    std::fputs(report_fault(fault, machine, elf).c_str(), stderr);
    return {fault_code(fault.kind), kExitFault, fault_cycle(fault, machine)};
  }
}

int run(const Options &options) {
  Inputs inputs;
  if (!read_inputs(options, &inputs)) {
    return kExitNotRun;
  }
  std::map<Address, std::string> functions;
  if (!find_functions(options, inputs.elf, &functions)) {
    return kExitNotRun;
  }
  std::unique_ptr<GdbConnection> debugger;
  try {
    if (options.gdb_port) {
      debugger = std::make_unique<GdbConnection>(*options.gdb_port);
    }
  } catch (const GdbConnectionError &error) {
    print_error(kOptionCode, error.what());
    return kExitNotRun;
  }
  Outputs outputs(options);
  if (!outputs.check()) {
    outputs.discard();
    return kExitNotRun;
  }

  std::unique_ptr<Machine> machine;
  const CoreNames core_names(inputs.soc);
  ObserverList observers;
  std::unique_ptr<Trace> trace;
  if (outputs.trace != nullptr) {
    trace = std::make_unique<Trace>(outputs.trace.get(), core_names);
    observers.add(trace.get());
  }
  std::unique_ptr<InstructionTrace> instruction_trace;
  if (outputs.instruction_trace != nullptr) {
    instruction_trace = std::make_unique<InstructionTrace>(
        outputs.instruction_trace.get(), &inputs.elf, core_names, [&] { return &machine->code(); },
        [&] { return machine->scheduler().now(); });
    observers.add(instruction_trace.get());
  }
  RegionEnergy region_energy([&] { return machine.get(); });
  if (outputs.stats != nullptr) {
    observers.add(&region_energy);
  }
  std::unique_ptr<Profile> profile;
  if (outputs.profile != nullptr) {
    profile = std::make_unique<Profile>(std::move(functions), [&] { return machine.get(); });
    observers.add(profile.get());
  }
  MachineOptions machine_options;
  machine_options.allow_l1_alias = options.allow_l1_alias;
  machine_options.run_ahead =
      options.run_ahead && instruction_trace == nullptr && debugger == nullptr;
  machine_options.instruction_trace = instruction_trace != nullptr;
  machine_options.observer = observers.empty() ? nullptr : &observers;
  try {
    machine = std::make_unique<Machine>(inputs.soc, inputs.elf, machine_options);
  } catch (const ElfError &error) {
    outputs.discard();
    print_error(kElfCode, error.what());
    return kExitNotRun;
  } catch (const SocError &error) {
    outputs.discard();
    print_error(kSocCode, error.what());
    return kExitNotRun;
  }

  if (profile != nullptr) {
    profile->watch();
  }
  if (debugger != nullptr) {
    std::fprintf(stderr, "waiting for a debugger: target remote localhost:%d\n", debugger->port());
    if (!debugger->accept()) {
      outputs.discard();
      print_error(kOptionCode, "no debugger could connect");
      return kExitNotRun;
    }
  }
  const Outcome outcome = run_machine(options, inputs.elf, machine.get(), debugger.get());
  if (trace != nullptr) {
    trace->finish(outcome.cycles);
  }
  if (instruction_trace != nullptr) {
    instruction_trace->finish(outcome.cycles);
  }
  if (profile != nullptr) {
    outputs.profile->write(profile->text());
  }
  if (outputs.stats != nullptr) {
    outputs.stats->write(report_statistics(machine.get(), outcome, &region_energy));
  }
  if (outputs.energy != nullptr) {
    const EnergyEstimate estimate = estimate_energy(inputs.soc, machine->statistics());
    outputs.energy->write(energy_json(estimate));
    std::fflush(stdout);
    std::fputs(energy_table(estimate).c_str(), stderr);
  }
  outputs.close();
  if (!outputs.check()) {
    return kExitNotRun;
  }
  const bool representable = outcome.exit_code >= 0 && outcome.exit_code <= kMaximumExitCode;
  return representable ? outcome.exit_code : kMaximumExitCode;
}

}  // namespace
}  // namespace tilewright::simulator

int main(int count, char **values) {
  using namespace tilewright::simulator;
  std::vector<std::string> problems;
  const Options options =
      parse_options(std::vector<std::string>(values + 1, values + count), &problems);
  if (options.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  for (const std::string &problem : problems) {
    print_error(kOptionCode, problem);
  }
  return problems.empty() ? run(options) : kExitNotRun;
}
