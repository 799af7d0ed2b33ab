// The names of a core's counters in the files that the simulator writes.
#ifndef PLATFORMS_SIMULATOR_DEBUG_COUNTER_NAMES_H_
#define PLATFORMS_SIMULATOR_DEBUG_COUNTER_NAMES_H_

#include "platforms/simulator/core/statistics.h"

namespace tilewright::simulator {

// A counter by the name that reports give it.
struct Counter {
  const char *name;
  std::uint64_t CoreStatistics::*value;
};

inline constexpr Counter kEvents[] = {
    {"instructions", &CoreStatistics::instructions},
    {"compressed", &CoreStatistics::compressed},
    {"loads", &CoreStatistics::loads},
    {"stores", &CoreStatistics::stores},
    {"jumps", &CoreStatistics::jumps},
    {"branches", &CoreStatistics::branches},
    {"taken_branches", &CoreStatistics::taken_branches},
    {"event_loads", &CoreStatistics::event_loads},
    {"floating_point", &CoreStatistics::floating_point},
    {"multiply_accumulates", &CoreStatistics::multiply_accumulates},
    {"instruction_cache_misses", &CoreStatistics::instruction_cache_misses},
};

// Cycles in which the core was awake, but did not issue an instruction, by cause.
inline constexpr Counter kStalls[] = {
    {"load_use", &CoreStatistics::load_use_stalls},
    {"jump_register", &CoreStatistics::jump_register_stalls},
    {"branch", &CoreStatistics::branch_stalls},
    {"bank_conflict", &CoreStatistics::bank_conflict_stalls},
    {"misaligned", &CoreStatistics::misaligned_stalls},
    {"memory", &CoreStatistics::memory_stalls},
    {"instruction_cache", &CoreStatistics::instruction_cache_stalls},
    {"multiply_divide", &CoreStatistics::multiply_divide_stalls},
    {"floating_point", &CoreStatistics::floating_point_stalls},
    {"event", &CoreStatistics::event_stalls},
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_COUNTER_NAMES_H_
