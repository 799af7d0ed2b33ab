// The simulator's command line.
#ifndef PLATFORMS_SIMULATOR_OPTIONS_H_
#define PLATFORMS_SIMULATOR_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

struct Options {
  std::string elf;
  std::string soc;
  std::optional<std::string> arguments;
  std::optional<std::string> stats;
  std::optional<std::string> trace;
  std::optional<std::string> energy;
  std::optional<std::string> instruction_trace;
  std::optional<std::string> profile;
  std::vector<std::string> profile_functions;
  Cycle maximum_cycles = kNever;
  bool allow_l1_alias = false;
  bool run_ahead = true;
  std::optional<int> gdb_port;  // 0: any free one
  bool help = false;
};

// Text of --help.
extern const char *const kUsage;

// Reads the arguments after the program's name. Every problem is one entry of `problems`.
Options parse_options(const std::vector<std::string> &arguments,
                      std::vector<std::string> *problems);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_OPTIONS_H_
