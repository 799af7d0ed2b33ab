#include "platforms/simulator/core/region.h"

#include <algorithm>

namespace tilewright::simulator {
namespace {

// Every counter of CoreStatistics.
constexpr std::uint64_t CoreStatistics::*kCounters[] = {
    &CoreStatistics::instructions,
    &CoreStatistics::compressed,
    &CoreStatistics::loads,
    &CoreStatistics::stores,
    &CoreStatistics::jumps,
    &CoreStatistics::branches,
    &CoreStatistics::taken_branches,
    &CoreStatistics::event_loads,
    &CoreStatistics::floating_point,
    &CoreStatistics::multiply_accumulates,
    &CoreStatistics::load_use_stalls,
    &CoreStatistics::jump_register_stalls,
    &CoreStatistics::branch_stalls,
    &CoreStatistics::bank_conflict_stalls,
    &CoreStatistics::misaligned_stalls,
    &CoreStatistics::memory_stalls,
    &CoreStatistics::instruction_cache_stalls,
    &CoreStatistics::multiply_divide_stalls,
    &CoreStatistics::floating_point_stalls,
    &CoreStatistics::event_stalls,
    &CoreStatistics::sleep,
    &CoreStatistics::instruction_cache_misses,
};
// All but the two cycle numbers, `started` and `ended`.
static_assert(sizeof kCounters / sizeof kCounters[0] + 2 ==
              sizeof(CoreStatistics) / sizeof(std::uint64_t));

}  // namespace

void RegionLog::begin(const std::string &name, Cycle now, const CoreStatistics &statistics) {
  auto total = std::find_if(totals_.begin(), totals_.end(),
                            [&](const RegionTotal &t) { return t.name == name; });
  if (total == totals_.end()) {
    totals_.push_back({name, 0, now, 0, 0, {}});
    total = totals_.end() - 1;
  }
  open_.push_back({static_cast<std::size_t>(total - totals_.begin()), now, statistics});
}

bool RegionLog::end(Cycle now, const CoreStatistics &statistics) {
  if (open_.empty()) {
    return false;
  }
  const Open &region = open_.back();
  RegionTotal &total = totals_[region.total];
  ++total.visits;
  total.last_end = now;
  total.cycles += now - region.begin;
  for (const auto counter : kCounters) {
    total.statistics.*counter += statistics.*counter - region.statistics.*counter;
  }
  open_.pop_back();
  return true;
}

}  // namespace tilewright::simulator
