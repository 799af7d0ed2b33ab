// Words that every part of the simulator uses.
#ifndef PLATFORMS_SIMULATOR_SOC_TYPES_H_
#define PLATFORMS_SIMULATOR_SOC_TYPES_H_

#include <cstdint>
#include <limits>

namespace tilewright::simulator {

// Simulated time: cycles of the one clock since start.
using Cycle = std::uint64_t;
inline constexpr Cycle kNever = std::numeric_limits<Cycle>::max();

// Address on the SoC's bus.
using Address = std::uint32_t;

// Index of a core: cluster cores by their id, then the fabric controller.
using CoreIndex = int;

// Capacity of tables; soc.yaml says how many cores there are.
inline constexpr int kMaximumCores = 16;

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_TYPES_H_
