#include "platforms/simulator/options.h"

#include <cstdint>
#include <functional>

namespace tilewright::simulator {
namespace {

struct OptionSpecification {
  const char *name;
  const char *value;                             // what it takes, or null
  std::function<bool(const std::string &)> set;  // false: malformed value
};

bool parse_number(const std::string &text, std::uint64_t maximum, std::uint64_t *number) {
  if (text.empty() || text.size() > 19) {
    return false;
  }
  *number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return false;
    }
    *number = *number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return *number <= maximum;
}

}  // namespace

const char *const kUsage =
    "usage: simulator --elf FILE --soc FILE [options]\n"
    "\n"
    "Runs firmware on a simulated SoC: its console is standard output, its exit code the\n"
    "program's. 125: the firmware did not run. 134: it was stopped by a fault, a deadlock or the\n"
    "cycle limit, which standard error describes.\n"
    "\n"
    "  --elf FILE                the firmware\n"
    "  --soc FILE                soc.yaml of the platform\n"
    "  --arguments FILE          run-time input: the bytes for the firmware's "
    "tilewright_arguments\n"
    "  --stats FILE              write all counters as JSON\n"
    "  --trace FILE              write a timeline for Perfetto (ui.perfetto.dev)\n"
    "  --energy FILE             write an estimate of the energy as JSON, and print it as a table\n"
    "  --instruction-trace FILE  write one line per instruction\n"
    "  --profile FILE            write what every core did between barriers, as JSON\n"
    "  --profile-function NAME   in it, when this function was called; may be repeated\n"
    "  --max-cycles N            stop firmware that runs longer\n"
    "  --allow-l1-alias          let cores use L1's second address, 0, where null pointers point\n"
    "  --no-run-ahead            simulate cycle by cycle; slower, with the same results\n"
    "  --gdb PORT                wait for a debugger on this port of localhost; 0: a free one\n"
    "  --help                    this text\n";

Options parse_options(const std::vector<std::string> &arguments,
                      std::vector<std::string> *problems) {
  Options options;
  const auto file = [](std::optional<std::string> *path) {
    return [path](const std::string &value) {
      *path = value;
      return !value.empty();
    };
  };
  const auto name = [](std::string *path) {
    return [path](const std::string &value) {
      *path = value;
      return !value.empty();
    };
  };
  const auto flag = [](bool *target, bool value) {
    return [target, value](const std::string &) {
      *target = value;
      return true;
    };
  };
  const std::vector<OptionSpecification> specifications = {
      {"--elf", "a file", name(&options.elf)},
      {"--soc", "a file", name(&options.soc)},
      {"--arguments", "a file", file(&options.arguments)},
      {"--stats", "a file", file(&options.stats)},
      {"--trace", "a file", file(&options.trace)},
      {"--energy", "a file", file(&options.energy)},
      {"--instruction-trace", "a file", file(&options.instruction_trace)},
      {"--profile", "a file", file(&options.profile)},
      {"--profile-function", "a function",
       [&](const std::string &value) {
         options.profile_functions.push_back(value);
         return !value.empty();
       }},
      {"--max-cycles", "a number of cycles",
       [&](const std::string &value) {
         return parse_number(value, kNever - 1, &options.maximum_cycles);
       }},
      {"--allow-l1-alias", nullptr, flag(&options.allow_l1_alias, true)},
      {"--no-run-ahead", nullptr, flag(&options.run_ahead, false)},
      {"--gdb", "a port from 0 to 65535",
       [&](const std::string &value) {
         std::uint64_t port = 0;
         const bool valid = parse_number(value, 65535, &port);
         options.gdb_port = static_cast<int>(port);
         return valid;
       }},
      {"--help", nullptr, flag(&options.help, true)},
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string option = arguments[i].substr(0, equals);
    const OptionSpecification *found = nullptr;
    for (const OptionSpecification &specification : specifications) {
      found = option == specification.name ? &specification : found;
    }
    if (found == nullptr) {
      problems->push_back("there is no option '" + arguments[i] + "'; --help lists all options");
    } else if (found->value == nullptr) {
      if (equals != std::string::npos) {
        problems->push_back(option + " takes no value");
      }
      found->set("");
    } else if (equals == std::string::npos && i + 1 == arguments.size()) {
      problems->push_back(option + " takes " + found->value);
    } else {
      const std::string value =
          equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
      if (!found->set(value)) {
        problems->push_back(option + " takes " + found->value + ", not '" + value + "'");
      }
    }
  }
  if (!options.profile_functions.empty() && !options.profile) {
    problems->push_back("--profile-function needs --profile");
  }
  if (!options.help) {
    for (const auto &[option, value] : {std::pair("--elf", options.elf), {"--soc", options.soc}}) {
      if (value.empty()) {
        problems->push_back(std::string(option) + " is missing");
      }
    }
  }
  return options;
}

}  // namespace tilewright::simulator
