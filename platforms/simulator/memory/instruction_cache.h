// Instruction caches: a small one per core, and one that the cluster's cores share.
#ifndef PLATFORMS_SIMULATOR_MEMORY_INSTRUCTION_CACHE_H_
#define PLATFORMS_SIMULATOR_MEMORY_INSTRUCTION_CACHE_H_

#include <array>
#include <cstdint>

#include "platforms/simulator/memory/external_memory.h"
#include "platforms/simulator/soc/soc_description.h"
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
  bool lookup(Address address) {
    const std::uint32_t line = address >> line_shift_;
    const std::uint32_t first = (line & set_mask_) * static_cast<std::uint32_t>(ways_);
    return lines_[first] == line + 1 || lookup_older(first, line + 1);
  }
  // Puts a line in the place of the least recently used one of its set.
  void insert(Address address);
  void clear();

 private:
  bool lookup_older(std::uint32_t first, std::uint32_t entry);

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
  // `now` for none lost. `retry` is set if the line's next beat is still to be claimed: the same
  // call again at the cycle returned, which is `now + 1`.
  virtual Cycle refill(CoreIndex core, Address address, Cycle now, bool *retry) = 0;
};

// Lines on their way from L2: the beats of each core's refill that the port has granted so far.
class LineFetch {
 public:
  LineFetch(ExternalMemory *l2, int line_bytes, int bytes_per_beat)
      : l2_(l2), beats_(line_bytes / bytes_per_beat), line_bytes_(line_bytes) {}

  // Claims one beat. True: it was the last one, and `first` is the cycle of the first one had
  // nobody stood in the way.
  bool claim(CoreIndex core, Cycle now, Cycle *first);

 private:
  ExternalMemory *l2_;
  int beats_;
  int line_bytes_;
  std::array<int, kMaximumCores> granted_{};
};

// The cache that all cores of the cluster share, between their own ones and L2.
class ClusterInstructionCache : public InstructionRefill {
 public:
  ClusterInstructionCache(const InstructionCacheDescription &description, ExternalMemory *l2,
                          std::uint32_t l2_bytes_per_cycle);

  Cycle refill(CoreIndex core, Address address, Cycle now, bool *retry) override;

  // Off after reset: then every line comes from L2.
  void set_caching(bool on) { caching_ = on; }
  bool caching() const { return caching_; }
  void flush() { shared_.clear(); }
  std::uint64_t shared_hits() const { return shared_hits_; }
  std::uint64_t shared_misses() const { return shared_misses_; }

 private:
  struct Arrival {
    Address line = 0;
    Cycle at = 0;
  };

  bool caching_ = false;
  Cycle shared_miss_;
  Cycle l2_miss_;
  Address line_mask_;
  CacheDirectory shared_;
  LineFetch fetch_;
  // The line that each core fetched last: a second core that wants it waits for its arrival.
  std::array<Arrival, kMaximumCores> arrivals_{};
  std::array<bool, kMaximumCores> fetching_{};
  Cycle last_arrival_ = 0;
  std::uint64_t shared_hits_ = 0;
  std::uint64_t shared_misses_ = 0;
};

// The fabric controller's way to its code: its own cache is the only one.
class FabricControllerRefill : public InstructionRefill {
 public:
  FabricControllerRefill(const InstructionCacheDescription &description, ExternalMemory *l2,
                         std::uint32_t l2_bytes_per_cycle);

  Cycle refill(CoreIndex core, Address address, Cycle now, bool *retry) override;

 private:
  Cycle miss_;
  LineFetch fetch_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_MEMORY_INSTRUCTION_CACHE_H_
