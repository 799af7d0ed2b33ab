// PCER, PCMR and PCCR: counters of the core's events that run only while enabled.
#ifndef PLATFORMS_SIMULATOR_CORE_PERFORMANCE_COUNTERS_H_
#define PLATFORMS_SIMULATOR_CORE_PERFORMANCE_COUNTERS_H_

#include <array>
#include <cstdint>

#include "platforms/simulator/core/statistics.h"

namespace tilewright::simulator {

// The counters do not count by themselves: they are differences of CoreStatistics between the
// moments at which they were enabled and disabled.
class PerformanceCounters {
 public:
  // Cycles (asleep or not), instructions, load stalls, jump-register stalls, lines missed in the
  // core's instruction cache, loads, stores, jumps, branches, taken branches, compressed
  // instructions, event loads.
  static constexpr unsigned kCount = 12;

  // CSR numbers.
  static constexpr unsigned kFirst = 0x780;   // PCCR0
  static constexpr unsigned kAll = 0x79f;     // writes all of them
  static constexpr unsigned kEvents = 0xcc0;  // PCER: one bit per counter
  static constexpr unsigned kMode = 0xcc1;    // PCMR: bit 0 lets them count, bit 1 saturate

  static bool contains(unsigned csr);

  std::uint32_t read(unsigned csr, const CoreStatistics &now) const;
  void write(unsigned csr, std::uint32_t value, const CoreStatistics &now);

 private:
  static std::uint64_t event(unsigned counter, const CoreStatistics &statistics);
  bool enabled(unsigned counter) const { return (mode_ & (events_ >> counter) & 1u) != 0; }

  std::uint32_t events_ = 0;
  std::uint32_t mode_ = 3;
  std::array<std::uint32_t, kCount> counts_{};  // up to `since_`
  std::array<std::uint64_t, kCount> since_{};   // events when counting began
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_PERFORMANCE_COUNTERS_H_
