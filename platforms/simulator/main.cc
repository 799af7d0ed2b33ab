// Runs firmware on a simulated SoC.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "platforms/simulator/debug/arguments_object.h"
#include "platforms/simulator/debug/elf_file.h"
#include "platforms/simulator/debug/fault_report.h"
#include "platforms/simulator/options.h"
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
struct Simulation {
  SocDescription soc;
  ElfFile elf;
};

// Reads all inputs; prints what is wrong with any of them.
bool read_inputs(const Options &options, Simulation *simulation) {
  bool valid = true;
  try {
    simulation->soc = read_soc_description(options.soc);
  } catch (const SocError &error) {
    print_error(kSocCode, error.what());
    valid = false;
  }
  try {
    simulation->elf = ElfFile::read(options.elf);
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
      fill_arguments(input, &simulation->elf);
    } catch (const ElfError &error) {
      print_error(kArgumentsCode, error.what());
      return false;
    }
  }
  return valid;
}

int run(const Options &options) {
  Simulation simulation;
  if (!read_inputs(options, &simulation)) {
    return kExitNotRun;
  }
  MachineOptions machine_options;
  machine_options.allow_l1_alias = options.allow_l1_alias;
  machine_options.run_ahead = options.run_ahead;
  std::unique_ptr<Machine> machine;
  try {
    machine = std::make_unique<Machine>(simulation.soc, simulation.elf, machine_options);
  } catch (const ElfError &error) {
    print_error(kElfCode, error.what());
    return kExitNotRun;
  }
  int exit_code = kExitFault;
  try {
    if (machine->run(options.maximum_cycles) == StopReason::kExit) {
      exit_code = machine->exit_code();
    } else {
      Fault limit{FaultKind::kCycleLimit, kNoCore, 0, ""};
      std::fflush(stdout);
      std::fputs(report_fault(limit, machine.get(), simulation.elf).c_str(), stderr);
    }
  } catch (const Fault &fault) {
    std::fflush(stdout);
    std::fputs(report_fault(fault, machine.get(), simulation.elf).c_str(), stderr);
  }
  return exit_code < 0 || exit_code > kMaximumExitCode ? kMaximumExitCode : exit_code;
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
