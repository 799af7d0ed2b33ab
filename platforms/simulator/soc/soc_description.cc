#include "platforms/simulator/soc/soc_description.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "platforms/simulator/soc/yaml.h"

namespace tilewright::simulator {
namespace {

constexpr std::int64_t kMaximumAddress = std::numeric_limits<Address>::max();
constexpr std::int64_t kMaximumLatency = 1'000'000;

std::string hexadecimal(std::int64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

bool is_power_of_two(std::int64_t value) { return value > 0 && (value & (value - 1)) == 0; }

// Looks facts up by dotted paths, and collects what is wrong with them.
class Facts {
 public:
  Facts(const YamlValue &document, std::string name)
      : document_(document), name_(std::move(name)) {}

  const YamlValue *find(const std::string &path) const {
    const YamlValue *value = &document_;
    for (std::size_t begin = 0; value != nullptr && begin <= path.size();) {
      const std::size_t end = std::min(path.find('.', begin), path.size());
      value = value->find(path.substr(begin, end - begin));
      begin = end + 1;
    }
    return value;
  }

  std::int64_t integer(const YamlValue *value, const std::string &path, std::int64_t minimum,
                       std::int64_t maximum) {
    if (value == nullptr) {
      problem(nullptr, path + " is missing");
    } else if (value->kind != YamlValue::Kind::kInteger || value->integer < minimum ||
               value->integer > maximum) {
      problem(value, path + " is " + shown(*value) + ", supported: integers from " +
                         std::to_string(minimum) + " to " + std::to_string(maximum));
    } else {
      return value->integer;
    }
    return minimum;
  }

  std::int64_t integer(const std::string &path, std::int64_t minimum, std::int64_t maximum) {
    return integer(find(path), path, minimum, maximum);
  }

  Cycle cycles(const std::string &path) {
    return static_cast<Cycle>(integer(path, 0, kMaximumLatency));
  }

  Address address(const std::string &path) {
    return static_cast<Address>(integer(path, 0, kMaximumAddress));
  }

  std::uint32_t bytes(const std::string &path) {
    return static_cast<std::uint32_t>(integer(path, 1, kMaximumAddress));
  }

  int count(const std::string &path, int minimum, int maximum) {
    return static_cast<int>(integer(path, minimum, maximum));
  }

  int power_of_two(const std::string &path, int minimum, int maximum) {
    const int value = count(path, minimum, maximum);
    if (!is_power_of_two(value)) {
      problem(find(path), path + " is " + std::to_string(value) + ", supported: powers of two");
    }
    return value;
  }

  double fraction(const std::string &path, double maximum) {
    const YamlValue *value = find(path);
    if (value == nullptr) {
      problem(nullptr, path + " is missing");
    } else if ((value->kind != YamlValue::Kind::kInteger &&
                value->kind != YamlValue::Kind::kFraction) ||
               value->fraction < 0 || value->fraction > maximum) {
      std::ostringstream text;
      text << path << " is " << shown(*value) << ", supported: numbers from 0 to " << maximum;
      problem(value, text.str());
    } else {
      return value->fraction;
    }
    return 0;
  }

  std::string text(const YamlValue *value, const std::string &path) {
    if (value == nullptr) {
      problem(nullptr, path + " is missing");
      return "";
    }
    if (value->kind != YamlValue::Kind::kString || value->text.empty()) {
      problem(value, path + " is " + shown(*value) + ", supported: a name");
    }
    return value->text;
  }

  void problem(const YamlValue *at, const std::string &what) {
    const std::string line = at != nullptr ? ":" + std::to_string(at->line) : "";
    problems_ += (problems_.empty() ? "" : "\n") + name_ + line + ": " + what;
  }

  const std::string &problems() const { return problems_; }

 private:
  static std::string shown(const YamlValue &value) {
    switch (value.kind) {
      case YamlValue::Kind::kNull:
        return "empty";
      case YamlValue::Kind::kList:
        return "a list";
      case YamlValue::Kind::kMapping:
        return "a mapping";
      default:
        return "'" + value.text + "'";
    }
  }

  const YamlValue &document_;
  std::string name_;
  std::string problems_;
};

std::vector<MemoryDescription> read_memories(Facts *facts) {
  std::vector<MemoryDescription> memories;
  const YamlValue *list = facts->find("memories");
  if (list == nullptr || list->kind != YamlValue::Kind::kList || list->items.empty()) {
    facts->problem(list, "memories is no list of {name, base, size}");
    return memories;
  }
  for (const YamlValue &item : list->items) {
    const std::string path = "memories[" + std::to_string(memories.size()) + "]";
    if (item.kind != YamlValue::Kind::kMapping) {
      facts->problem(&item, path + " is no mapping of name, base and size");
      continue;
    }
    MemoryDescription memory;
    memory.name = facts->text(item.find("name"), path + ".name");
    memory.base =
        static_cast<Address>(facts->integer(item.find("base"), path + ".base", 0, kMaximumAddress));
    memory.size = static_cast<std::uint32_t>(
        facts->integer(item.find("size"), path + ".size", 4, kMaximumAddress + 1 - memory.base));
    for (const MemoryDescription &other : memories) {
      if (other.name == memory.name) {
        facts->problem(&item, "memory " + memory.name + " is there twice");
      } else if (memory.base - other.base < other.size || other.base - memory.base < memory.size) {
        facts->problem(&item, "memory " + memory.name + " at " + hexadecimal(memory.base) +
                                  " overlaps " + other.name + " at " + hexadecimal(other.base));
      }
    }
    memories.push_back(memory);
  }
  return memories;
}

CoreDescription read_core(Facts *facts) {
  CoreDescription core;
  core.multiply_high = facts->cycles("core.multiply_high");
  core.divide_by_zero = facts->cycles("core.divide_by_zero");
  core.divide_positive_base = facts->cycles("core.divide_positive_base");
  core.divide_negative_base = facts->cycles("core.divide_negative_base");
  core.load_use_stall = facts->cycles("core.load_use_stall");
  core.branch_taken = facts->cycles("core.branch_taken");
  core.jump = facts->cycles("core.jump");
  core.jump_register_stall = facts->cycles("core.jump_register_stall");
  core.float_divide = facts->cycles("core.float_divide");
  return core;
}

InstructionCacheDescription read_instruction_cache(Facts *facts) {
  constexpr int kMaximumLines = 1024;
  InstructionCacheDescription cache;
  cache.line = facts->power_of_two("instruction_cache.line", 4, 256);
  const auto directory = [&](const std::string &path) {
    CacheDescription one;
    one.size = static_cast<std::uint32_t>(
        facts->power_of_two(path + ".size", cache.line, cache.line * kMaximumLines));
    one.ways = facts->power_of_two(path + ".ways", 1, 8);
    if (one.size / static_cast<std::uint32_t>(cache.line) < static_cast<std::uint32_t>(one.ways)) {
      facts->problem(facts->find(path), path + " has fewer lines than ways");
    }
    return one;
  };
  cache.core = directory("instruction_cache.core");
  cache.shared = directory("instruction_cache.shared");
  cache.shared_miss = facts->cycles("instruction_cache.shared.miss");
  cache.l2_miss = facts->cycles("instruction_cache.l2_miss");
  cache.fabric_controller = directory("instruction_cache.fabric_controller");
  cache.fabric_controller_miss = facts->cycles("instruction_cache.fabric_controller.miss");
  return cache;
}

DeviceDescription read_devices(Facts *facts, bool has_neureka) {
  DeviceDescription devices;
  devices.demux_event_unit = facts->address("devices.demux_event_unit");
  devices.demux_dma = facts->address("devices.demux_dma");
  devices.cluster_control = facts->address("devices.cluster_control");
  devices.cluster_timer = facts->address("devices.cluster_timer");
  devices.event_unit = facts->address("devices.event_unit");
  devices.neureka = has_neureka ? facts->address("devices.neureka") : 0;
  devices.instruction_cache_control = facts->address("devices.instruction_cache_control");
  devices.dma = facts->address("devices.dma");
  devices.apb = facts->address("devices.apb");
  devices.console = facts->address("devices.console");
  devices.exit = facts->address("devices.exit");
  devices.apb_size = facts->bytes("devices.apb_size");
  devices.peripheral_latency = facts->cycles("devices.peripheral_latency");
  devices.apb_latency = facts->cycles("devices.apb_latency");
  devices.demux_latency = facts->cycles("devices.demux_latency");
  return devices;
}

DmaDescription read_dma(Facts *facts) {
  DmaDescription dma;
  dma.counters = facts->count("dma.counters", 1, 16);
  dma.core_queue = facts->count("dma.core_queue", 1, 64);
  dma.global_queue = facts->count("dma.global_queue", 1, 64);
  dma.ports = facts->count("dma.ports", 1, 8);
  dma.start = facts->cycles("dma.start");
  dma.minimum = facts->cycles("dma.minimum");
  dma.l2_latency = facts->cycles("dma.l2_latency");
  dma.bytes_per_cycle =
      static_cast<std::uint32_t>(facts->power_of_two("dma.bytes_per_cycle", 4, 64));
  dma.burst = facts->bytes("dma.burst");
  dma.misaligned_bytes = facts->bytes("dma.misaligned_bytes");
  dma.store_burst_penalty = facts->cycles("dma.store_burst_penalty");
  dma.store_line_penalty = facts->cycles("dma.store_line_penalty");
  return dma;
}

EventUnitDescription read_event_unit(Facts *facts) {
  EventUnitDescription events;
  events.wait = facts->cycles("event_unit.wait");
  events.barrier = facts->cycles("event_unit.barrier");
  events.software_event = facts->cycles("event_unit.software_event");
  events.dispatch_wake = facts->cycles("event_unit.dispatch_wake");
  events.mutexes = facts->count("event_unit.mutexes", 1, 16);
  events.barriers = facts->count("event_unit.barriers", 1, 16);
  return events;
}

NeurekaDescription read_neureka(Facts *facts) {
  NeurekaDescription neureka;
  neureka.pixels = facts->count("neureka.pixels", 1, 16);
  neureka.input_channels_3x3 = facts->count("neureka.input_channels_3x3", 1, 256);
  neureka.input_channels_1x1 = facts->count("neureka.input_channels_1x1", 1, 256);
  neureka.output_channels = facts->count("neureka.output_channels", 1, 256);
  neureka.contexts = facts->count("neureka.contexts", 1, 8);
  neureka.weight_bits = facts->count("neureka.weight_bits", 8, 4096);
  neureka.wake = facts->cycles("neureka.wake");
  return neureka;
}

EnergyDescription read_energy(Facts *facts, bool has_neureka, bool has_weight_memory) {
  constexpr double kMaximumPicojoules = 1e6;
  const auto picojoules = [&](const std::string &name) {
    return facts->fraction("energy." + name, kMaximumPicojoules);
  };
  EnergyDescription energy;
  energy.base_cycle = picojoules("base_cycle");
  energy.instruction = picojoules("instruction");
  energy.stall_cycle = picojoules("stall_cycle");
  energy.instruction_cache_miss = picojoules("instruction_cache_miss");
  energy.l1_access = picojoules("l1_access");
  energy.l2_byte = picojoules("l2_byte");
  energy.dma_byte = picojoules("dma_byte");
  energy.weight_memory_byte = has_weight_memory ? picojoules("weight_memory_byte") : 0;
  energy.accelerator_mac = has_neureka ? picojoules("accelerator_mac") : 0;
  energy.accelerator_cycle = has_neureka ? picojoules("accelerator_cycle") : 0;
  return energy;
}

// What the machine takes for granted.
void check_consistency(const SocDescription &soc, Facts *facts) {
  if (soc.control_core >= 0 && soc.control_core != soc.workers) {
    facts->problem(facts->find("cluster.control_core"),
                   "cluster.control_core is " + std::to_string(soc.control_core) +
                       ", supported: the id after the last worker's, " +
                       std::to_string(soc.workers));
  }
  if (soc.cluster_cores() + 1 > kMaximumCores) {
    facts->problem(facts->find("cores"), "more cores than the supported " +
                                             std::to_string(kMaximumCores) +
                                             " with control core and fabric controller");
  }
  std::vector<const char *> needed = {"l1", "l2", "l2_private0", "l2_private1"};
  // The accelerator has its weights there.
  if (soc.neureka || facts->find("weight_memory") != nullptr) {
    needed.push_back("weight_memory");
  }
  for (const char *name : needed) {
    const MemoryDescription *found = nullptr;
    for (const MemoryDescription &memory : soc.memories) {
      found = memory.name == name ? &memory : found;
    }
    if (found == nullptr) {
      facts->problem(facts->find("memories"), std::string("there is no memory ") + name);
    } else if (found->name == "l1" && !is_power_of_two(found->size)) {
      facts->problem(facts->find("memories"), "memory l1 has " + hexadecimal(found->size) +
                                                  " bytes, supported: powers of two");
    }
  }
}

}  // namespace

const MemoryDescription &SocDescription::memory(const std::string &memory_name) const {
  for (const MemoryDescription &one : memories) {
    if (one.name == memory_name) {
      return one;
    }
  }
  throw SocError("there is no memory '" + memory_name + "' in the SoC's description");
}

bool SocDescription::has_memory(const std::string &memory_name) const {
  return std::any_of(
      memories.begin(), memories.end(),
      [&memory_name](const MemoryDescription &one) { return one.name == memory_name; });
}

SocDescription parse_soc_description(const std::string &document, const std::string &name) {
  YamlValue root;
  try {
    root = parse_yaml(document, name);
  } catch (const YamlError &error) {
    throw SocError(error.what());
  }
  if (root.kind != YamlValue::Kind::kMapping) {
    throw SocError(name + ": no mapping of facts, but an empty file or a list");
  }
  Facts facts(root, name);
  SocDescription soc;
  soc.name = facts.text(facts.find("name"), "name");
  soc.clock_hertz = static_cast<double>(facts.integer("clock_hertz", 1, 1'000'000'000'000));
  soc.memories = read_memories(&facts);
  soc.workers = facts.count("cores", 1, kMaximumCores);
  soc.control_core = facts.find("cluster.control_core") == nullptr
                         ? -1
                         : facts.count("cluster.control_core", 0, kMaximumCores);
  soc.cluster_id = facts.count("cluster.id", 0, 63);
  soc.fabric_controller_id = facts.count("fabric_controller.id", 0, 63);
  soc.floating_point_units = facts.count("cluster.floating_point_units", 1, kMaximumCores);
  soc.stack = {facts.bytes("stack.size"), facts.bytes("stack.guard")};
  soc.cluster_stack = {facts.bytes("cluster_stack.size"), facts.bytes("cluster_stack.guard")};
  soc.core = read_core(&facts);
  soc.l1_latency = facts.cycles("l1.latency");
  soc.l1_banks = facts.power_of_two("l1.banks", 8, 64);
  soc.test_and_set_offset = facts.bytes("l1.test_and_set_offset");
  soc.alias_base = facts.address("l1.alias_base");
  soc.alias_size = facts.bytes("l1.alias_size");
  soc.l2_latency = facts.cycles("l2.latency");
  soc.l2_bytes_per_cycle =
      static_cast<std::uint32_t>(facts.power_of_two("l2.bytes_per_cycle", 4, 64));
  soc.fabric_controller_l2_latency = facts.cycles("fabric_controller.l2_latency");
  const bool has_neureka = facts.find("neureka") != nullptr;
  const bool has_weight_memory = has_neureka || soc.has_memory("weight_memory");
  soc.weight_memory_latency = has_weight_memory ? facts.cycles("weight_memory.latency") : 0;
  soc.instruction_cache = read_instruction_cache(&facts);
  soc.devices = read_devices(&facts, has_neureka);
  soc.dma = read_dma(&facts);
  soc.event_unit = read_event_unit(&facts);
  if (has_neureka) {
    soc.neureka = read_neureka(&facts);
  }
  soc.energy = read_energy(&facts, has_neureka, has_weight_memory);
  check_consistency(soc, &facts);
  if (!facts.problems().empty()) {
    throw SocError(facts.problems());
  }
  return soc;
}

SocDescription read_soc_description(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  const std::string document{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
  if (!file) {
    throw SocError(path + ": cannot be read");
  }
  return parse_soc_description(document, path);
}

}  // namespace tilewright::simulator
