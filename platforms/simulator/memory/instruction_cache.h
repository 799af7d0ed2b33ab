// Instruction caches: a small one per core, and one that the cluster's cores share.
#ifndef PLATFORMS_SIMULATOR_MEMORY_INSTRUCTION_CACHE_H_
#define PLATFORMS_SIMULATOR_MEMORY_INSTRUCTION_CACHE_H_

#include <array>
#include <cstdint>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Set-associative directory with least-recently-used replacement. It holds no instructions: those
// come decoded from the firmware's image.
class CacheDirectory {
 public:
  static constexpr int kMaximumLines = 1024;

  // `lines` and `ways` are powers of two, `ways` at most 8.
  CacheDirectory(int lines, int ways, int line_bytes);

  // Whether the line that holds an address is present; makes it the most recently used one.
  bool lookup(Address address);
  // Puts a line in the place of the least recently used one of its set.
  void insert(Address address);
  void clear();

 private:
  int ways_;
  int line_shift_;
  std::uint32_t set_mask_;
  // Per set, most recently used first: line number + 1; 0 is empty.
  std::array<std::uint32_t, kMaximumLines> lines_{};
};

// Where a core's missing lines come from.
class InstructionRefill {
 public:
  virtual ~InstructionRefill() = default;

  // Fetches the line of `address` for a core whose own cache misses it; acts on shared state, so it
  // is called in the order of time. Returns the cycle at which the core can issue from the line,
  // `now` for none lost. `retry` is set if an arbiter refused: the same call again at that cycle.
  virtual Cycle refill(CoreIndex core, Address address, Cycle now, bool *retry) = 0;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_MEMORY_INSTRUCTION_CACHE_H_
