#include "platforms/simulator/memory/instruction_cache.h"

#include <algorithm>
#include <cassert>

namespace tilewright::simulator {

CacheDirectory::CacheDirectory(int lines, int ways, int line_bytes)
    : ways_(ways),
      line_shift_(__builtin_ctz(static_cast<unsigned>(line_bytes))),
      set_mask_(static_cast<std::uint32_t>(lines / ways) - 1) {
  assert(lines <= kMaximumLines && lines % ways == 0);
}

bool CacheDirectory::lookup_older(std::uint32_t first, std::uint32_t entry) {
  std::uint32_t *set = &lines_[first];
  for (int way = 1; way < ways_; ++way) {
    if (set[way] == entry) {
      std::copy_backward(set, set + way, set + way + 1);
      set[0] = entry;
      return true;
    }
  }
  return false;
}

void CacheDirectory::insert(Address address) {
  const std::uint32_t line = address >> line_shift_;
  std::uint32_t *set = &lines_[(line & set_mask_) * static_cast<std::uint32_t>(ways_)];
  std::copy_backward(set, set + ways_ - 1, set + ways_);
  set[0] = line + 1;
}

void CacheDirectory::clear() { lines_.fill(0); }

bool LineFetch::claim(CoreIndex core, Cycle now, Cycle *first) {
  if (!l2_->read_port().claim(core, now)) {
    return false;
  }
  const auto slot = static_cast<std::size_t>(core);
  if (++granted_[slot] < beats_) {
    return false;
  }
  granted_[slot] = 0;
  l2_->bytes_read += static_cast<std::uint64_t>(line_bytes_);
  *first = now + 1 - static_cast<Cycle>(beats_);
  return true;
}

ClusterInstructionCache::ClusterInstructionCache(const InstructionCacheDescription &description,
                                                 ExternalMemory *l2,
                                                 std::uint32_t l2_bytes_per_cycle)
    : shared_miss_(description.shared_miss),
      l2_miss_(description.l2_miss),
      line_mask_(~(static_cast<Address>(description.line) - 1)),
      shared_(static_cast<int>(description.shared.size) / description.line, description.shared.ways,
              description.line),
      fetch_(l2, description.line, static_cast<int>(l2_bytes_per_cycle)) {}

Cycle ClusterInstructionCache::refill(CoreIndex core, Address address, Cycle now, bool *retry) {
  const auto slot = static_cast<std::size_t>(core);
  const Address line = address & line_mask_;
  *retry = false;
  if (!fetching_[slot] && caching_ && shared_.lookup(address)) {
    ++shared_hits_;
    Cycle ready = now + shared_miss_;
    if (now < last_arrival_) {
      // The directory names lines from the moment they are asked for.
      for (const Arrival &arrival : arrivals_) {
        if (arrival.line == line) {
          ready = std::max(ready, arrival.at);
        }
      }
    }
    return ready;
  }
  if (!fetching_[slot]) {
    fetching_[slot] = true;
    ++shared_misses_;
    // Whoever wants the line before its beats are granted waits at least this long.
    arrivals_[slot] = {line, now + l2_miss_};
    last_arrival_ = std::max(last_arrival_, now + l2_miss_);
    if (caching_) {
      shared_.insert(address);
    }
  }
  Cycle first = 0;
  if (!fetch_.claim(core, now, &first)) {
    *retry = true;
    return now + 1;
  }
  fetching_[slot] = false;
  arrivals_[slot] = {line, first + l2_miss_};
  last_arrival_ = std::max(last_arrival_, first + l2_miss_);
  return first + l2_miss_;
}

FabricControllerRefill::FabricControllerRefill(const InstructionCacheDescription &description,
                                               ExternalMemory *l2, std::uint32_t l2_bytes_per_cycle)
    : miss_(description.fabric_controller_miss),
      fetch_(l2, description.line, static_cast<int>(l2_bytes_per_cycle)) {}

Cycle FabricControllerRefill::refill(CoreIndex core, Address, Cycle now, bool *retry) {
  Cycle first = 0;
  if (!fetch_.claim(core, now, &first)) {
    *retry = true;
    return now + 1;
  }
  *retry = false;
  return first + miss_;
}

}  // namespace tilewright::simulator
