// What a core counts.
#ifndef PLATFORMS_SIMULATOR_CORE_STATISTICS_H_
#define PLATFORMS_SIMULATOR_CORE_STATISTICS_H_

#include <cstdint>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Cycles by what they were spent on. Every cycle of a started core is in exactly one:
// `instructions` issue cycles, stalls, or sleep.
struct CoreStatistics {
  std::uint64_t instructions = 0;
  std::uint64_t compressed = 0;
  std::uint64_t loads = 0;
  std::uint64_t stores = 0;
  std::uint64_t jumps = 0;
  std::uint64_t branches = 0;
  std::uint64_t taken_branches = 0;
  std::uint64_t event_loads = 0;
  std::uint64_t floating_point = 0;        // instructions
  std::uint64_t multiply_accumulates = 0;  // 8- or 16-bit products of SIMD dot products, cv.mac

  // Stall cycles by cause.
  std::uint64_t load_use_stalls = 0;
  std::uint64_t jump_register_stalls = 0;
  std::uint64_t branch_stalls = 0;  // taken branches and jumps beyond one cycle
  std::uint64_t bank_conflict_stalls = 0;
  std::uint64_t misaligned_stalls = 0;
  std::uint64_t memory_stalls = 0;  // L2, peripherals, weight memory
  std::uint64_t instruction_cache_stalls = 0;
  std::uint64_t multiply_divide_stalls = 0;
  std::uint64_t floating_point_stalls = 0;  // sharing, division and square root
  std::uint64_t event_stalls = 0;           // awake in cv.elw
  std::uint64_t sleep = 0;
  std::uint64_t instruction_cache_misses = 0;  // lines
  Cycle started = kNever;                      // first cycle
  Cycle ended = 0;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_STATISTICS_H_
