// Cache directories against a list per set, and the time of refills.
#include "platforms/simulator/memory/instruction_cache.h"

#include <algorithm>
#include <list>
#include <random>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

void check_directory(int lines, int ways, int line_bytes, unsigned seed) {
  CacheDirectory directory(lines, ways, line_bytes);
  std::vector<std::list<Address>> sets(static_cast<std::size_t>(lines / ways));
  std::mt19937 random(seed);
  int hits = 0;
  for (int i = 0; i < 20000; ++i) {
    if (random() % 5000 == 0) {
      directory.clear();
      for (std::list<Address> &set : sets) {
        set.clear();
      }
    }
    const Address address =
        0x1c010000 + static_cast<Address>(random() % static_cast<unsigned>(lines * line_bytes * 2));
    const Address line = address / static_cast<Address>(line_bytes);
    std::list<Address> &set = sets[line % sets.size()];
    const auto found = std::find(set.begin(), set.end(), line);
    const bool hit = directory.lookup(address);
    CHECK_EQUAL(hit, found != set.end());
    hits += hit ? 1 : 0;
    if (found != set.end()) {
      set.erase(found);
    } else {
      directory.insert(address);
      if (set.size() == static_cast<std::size_t>(ways)) {
        set.pop_back();
      }
    }
    set.push_front(line);
  }
  CHECK(hits > 2000 && hits < 18000);
}

InstructionCacheDescription description() {
  InstructionCacheDescription d{};
  d.line = 16;
  d.core = {512, 4};
  d.shared = {4096, 4};
  d.shared_miss = 2;
  d.l2_miss = 18;
  d.fabric_controller = {2048, 4};
  d.fabric_controller_miss = 4;
  return d;
}

// Repeats a refused refill, as cores do.
Cycle refill(InstructionRefill *cache, CoreIndex core, Address address, Cycle now) {
  bool retry = false;
  Cycle at = cache->refill(core, address, now, &retry);
  while (retry) {
    CHECK_EQUAL(at, now + 1);
    now = at;
    at = cache->refill(core, address, now, &retry);
  }
  return at;
}

void check_shared_cache() {
  ExternalMemory l2("L2", 0x1c000000, 0x10000);
  ClusterInstructionCache cache(description(), &l2, 8);
  // Off: every line comes from L2.
  CHECK_EQUAL(refill(&cache, 0, 0x1c000100, 100), Cycle{118});
  CHECK_EQUAL(refill(&cache, 0, 0x1c000100, 200), Cycle{218});
  cache.set_caching(true);
  CHECK_EQUAL(refill(&cache, 0, 0x1c000104, 300), Cycle{318});
  CHECK_EQUAL(refill(&cache, 1, 0x1c000108, 400), Cycle{402});
  CHECK_EQUAL(cache.shared_hits(), std::uint64_t{1});
  cache.flush();
  // Another core asks for the line while it is on its way.
  CHECK_EQUAL(refill(&cache, 2, 0x1c000200, 500), Cycle{518});
  CHECK_EQUAL(refill(&cache, 3, 0x1c000200, 510), Cycle{518});
  CHECK_EQUAL(refill(&cache, 3, 0x1c000200, 517), Cycle{519});
  CHECK_EQUAL(l2.bytes_read, std::uint64_t{4 * 16});
}

// Two cores miss at once: four beats pass one port.
void check_bandwidth() {
  ExternalMemory l2("L2", 0x1c000000, 0x10000);
  ClusterInstructionCache cache(description(), &l2, 8);
  Cycle at[2] = {10, 10};
  bool retry[2] = {true, true};
  for (Cycle now = 10; retry[0] || retry[1]; ++now) {
    for (int core = 0; core < 2; ++core) {
      if (retry[core]) {
        at[core] =
            cache.refill(core, 0x1c000000 + 0x100 * static_cast<Address>(core), now, &retry[core]);
      }
    }
  }
  CHECK_EQUAL(std::max(at[0], at[1]), Cycle{10 + 18 + 2});
  CHECK_EQUAL(std::min(at[0], at[1]), Cycle{10 + 18 + 1});
}

void check_fabric_controller() {
  ExternalMemory l2("L2", 0x1c000000, 0x10000);
  FabricControllerRefill cache(description(), &l2, 8);
  CHECK_EQUAL(refill(&cache, 9, 0x1c000000, 50), Cycle{54});
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  check_directory(32, 4, 16, 1);
  check_directory(256, 4, 16, 2);
  check_directory(128, 8, 16, 3);
  check_directory(64, 1, 32, 4);
  check_shared_cache();
  check_bandwidth();
  check_fabric_controller();
  return check::result();
}
