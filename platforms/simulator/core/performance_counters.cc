#include "platforms/simulator/core/performance_counters.h"

namespace tilewright::simulator {

bool PerformanceCounters::contains(unsigned csr) {
  return (csr >= kFirst && csr < kFirst + kCount) || csr == kAll || csr == kEvents || csr == kMode;
}

std::uint64_t PerformanceCounters::event(unsigned counter, const CoreStatistics &statistics) {
  switch (counter) {
    case 0:
      return statistics.ended - statistics.started;
    case 1:
      return statistics.instructions;
    case 2:
      return statistics.load_use_stalls;
    case 3:
      return statistics.jump_register_stalls;
    case 4:
      return statistics.instruction_cache_misses;
    case 5:
      return statistics.loads;
    case 6:
      return statistics.stores;
    case 7:
      return statistics.jumps;
    case 8:
      return statistics.branches;
    case 9:
      return statistics.taken_branches;
    case 10:
      return statistics.compressed;
    default:
      return statistics.event_loads;
  }
}

std::uint32_t PerformanceCounters::read(unsigned csr, const CoreStatistics &now) const {
  if (csr == kEvents) {
    return events_;
  }
  if (csr == kMode) {
    return mode_;
  }
  if (csr == kAll) {
    return 0;
  }
  const unsigned counter = csr - kFirst;
  std::uint32_t count = counts_[counter];
  if (enabled(counter)) {
    count += static_cast<std::uint32_t>(event(counter, now) - since_[counter]);
  }
  return count;
}

void PerformanceCounters::write(unsigned csr, std::uint32_t value, const CoreStatistics &now) {
  for (unsigned counter = 0; counter < kCount; ++counter) {
    counts_[counter] = read(kFirst + counter, now);
    since_[counter] = event(counter, now);
  }
  if (csr == kEvents) {
    events_ = value;
  } else if (csr == kMode) {
    mode_ = value & 3;
  } else if (csr == kAll) {
    counts_.fill(value);
  } else {
    counts_[csr - kFirst] = value;
  }
}

}  // namespace tilewright::simulator
