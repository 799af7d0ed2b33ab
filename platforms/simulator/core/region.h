// Regions of a program that the firmware marks (tilewright/region.h): what a core spent in each.
#ifndef PLATFORMS_SIMULATOR_CORE_REGION_H_
#define PLATFORMS_SIMULATOR_CORE_REGION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/core/statistics.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// All visits of one core to the regions of one name.
struct RegionTotal {
  std::string name;
  std::uint64_t visits = 0;  // completed
  Cycle first_begin = kNever;
  Cycle last_end = 0;
  Cycle cycles = 0;           // between begins and ends, enclosed regions included
  CoreStatistics statistics;  // differences of all counters; `started` and `ended` are not used
};

// The regions of one core, which nest.
class RegionLog {
 public:
  void begin(const std::string &name, Cycle now, const CoreStatistics &statistics);
  // False: no region has begun.
  bool end(Cycle now, const CoreStatistics &statistics);

  // In the order of the first begin.
  const std::vector<RegionTotal> &totals() const { return totals_; }

 private:
  struct Open {
    std::size_t total;
    Cycle begin;
    CoreStatistics statistics;
  };
  std::vector<RegionTotal> totals_;
  std::vector<Open> open_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_REGION_H_
