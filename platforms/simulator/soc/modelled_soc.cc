#include "platforms/simulator/soc/modelled_soc.h"

#include <algorithm>
#include <string>
#include <vector>

#include "platforms/simulator/soc/hexadecimal.h"
#include "platforms/simulator/soc/scheduler.h"

namespace tilewright::simulator {

const SocDescription &modelled(const SocDescription &description) {
  std::string problems;
  const auto require = [&problems](bool met, const std::string &text) {
    if (!met) {
      problems += (problems.empty() ? "" : "\n") + text;
    }
  };
  // Accelerator, two DMA directions and timer are agents, too.
  constexpr int kMostCores = Scheduler::kMaximumAgents - 4;
  const int cores = description.cluster_cores() + 1;
  require(cores <= kMostCores, "cores: " + std::to_string(cores) +
                                   " with the fabric controller, supported: up to " +
                                   std::to_string(kMostCores));
  require(description.l2_bytes_per_cycle == 8 && description.dma.bytes_per_cycle == 8,
          "l2.bytes_per_cycle and dma.bytes_per_cycle, supported: 8");
  require(description.dma.ports == 4, "dma.ports, supported: 4");
  const InstructionCacheDescription &caches = description.instruction_cache;
  require(caches.line % 8 == 0, "instruction_cache.line, supported: multiples of 8");
  for (const CacheDescription *cache : {&caches.core, &caches.shared, &caches.fabric_controller}) {
    require(cache->size / static_cast<std::uint32_t>(std::max(caches.line, 1)) >=
                static_cast<std::uint32_t>(cache->ways),
            "instruction_cache: " + std::to_string(cache->size) + " bytes in " +
                std::to_string(cache->ways) + " ways, supported: at least one line per way");
  }
  require(description.event_unit.software_event >= description.event_unit.wait,
          "event_unit.software_event, supported: not less than event_unit.wait");
  if (!problems.empty()) {
    throw SocError(problems);
  }
  return description;
}

ExternalMemory l2_memory(const SocDescription &description) {
  std::vector<MemoryDescription> banks;
  for (const MemoryDescription &memory : description.memories) {
    if (memory.name.rfind("l2", 0) == 0) {
      banks.push_back(memory);
    }
  }
  if (banks.empty()) {
    throw SocError("memories: there is no L2");
  }
  std::sort(banks.begin(), banks.end(),
            [](const MemoryDescription &a, const MemoryDescription &b) { return a.base < b.base; });
  std::uint32_t size = 0;
  for (const MemoryDescription &bank : banks) {
    if (bank.base != banks.front().base + size) {
      throw SocError("memories: " + bank.name + " at " + hexadecimal(bank.base, 8) +
                     " does not follow the L2 bank before it, which ends at " +
                     hexadecimal(banks.front().base + size, 8));
    }
    size += bank.size;
  }
  return ExternalMemory("L2", banks.front().base, size);
}

ExternalMemory weight_memory(const SocDescription &description) {
  // Without one: no address is in it.
  const MemoryDescription none{"weight_memory", 0, 0};
  const MemoryDescription memory =
      description.has_memory(none.name) ? description.memory(none.name) : none;
  return ExternalMemory("weight memory", memory.base, memory.size);
}

}  // namespace tilewright::simulator
