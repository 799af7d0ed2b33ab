// Ports and banks: one grant per cycle, nobody starves, the accelerator gives way in time.
#include <algorithm>
#include <random>
#include <vector>

#include "platforms/simulator/check.h"
#include "platforms/simulator/memory/round_robin_port.h"
#include "platforms/simulator/memory/tcdm.h"

namespace tilewright::simulator {
namespace {

// Requesters ask at random, in random order within a cycle, and repeat what was refused.
void check_port(int requesters, unsigned seed) {
  RoundRobinPort port;
  std::mt19937 random(seed);
  std::vector<Cycle> since(static_cast<std::size_t>(requesters), kNever);
  Cycle longest = 0;
  for (Cycle now = 0; now < 20000; ++now) {
    std::vector<int> order;
    for (int i = 0; i < requesters; ++i) {
      Cycle &begin = since[static_cast<std::size_t>(i)];
      if (begin == kNever && random() % 3 == 0) {
        begin = now;
      }
      if (begin != kNever) {
        order.push_back(i);
      }
    }
    std::shuffle(order.begin(), order.end(), random);
    const bool waited = port.contended();
    int granted = 0;
    for (int i : order) {
      if (port.claim(i, now)) {
        ++granted;
        longest = std::max(longest, now - since[static_cast<std::size_t>(i)]);
        // Those who waited come before new ones.
        CHECK(!waited || since[static_cast<std::size_t>(i)] < now);
        since[static_cast<std::size_t>(i)] = kNever;
      }
    }
    CHECK_EQUAL(granted, order.empty() ? 0 : 1);
  }
  CHECK(longest <= static_cast<Cycle>(requesters));
  CHECK(requesters < 3 || longest >= static_cast<Cycle>(requesters) - 2);
}

void check_withdrawal() {
  RoundRobinPort port;
  CHECK(port.claim(0, 0));
  CHECK(!port.claim(1, 0));
  CHECK(!port.claim(2, 0));
  port.withdraw(1);
  CHECK(port.claim(2, 1));
  CHECK(port.claim(5, 2));
}

// Eight cores at one bank: each word takes eight cycles, and the conflicts are counted.
void check_one_bank() {
  Tcdm tcdm(0x10000000, 0x1000, 16);
  std::vector<int> grants(8, 0);
  for (Cycle now = 0; now < 800; ++now) {
    for (int core = 0; core < 8; ++core) {
      if (tcdm.claim_word(0x10000010, core, now)) {
        ++grants[static_cast<std::size_t>(core)];
      }
    }
  }
  for (int count : grants) {
    CHECK_EQUAL(count, 100);
  }
  CHECK_EQUAL(tcdm.conflicts(4), std::uint64_t{7 * 800});
  CHECK_EQUAL(tcdm.conflicts(3), std::uint64_t{0});
}

// The accelerator asks in every cycle for eight banks of which a core wants one.
void check_wide_port() {
  Tcdm tcdm(0x10000000, 0x1000, 16);
  int wide = 0;
  int words = 0;
  int lost = 0;
  for (Cycle now = 0; now < 900; ++now) {
    const bool won = tcdm.claim_wide(0x10000000 + 4 * 12, now);
    wide += won ? 1 : 0;
    const bool granted = tcdm.claim_word(0x10000004, 0, now);  // bank 1: 12 to 15, 0 to 3
    words += granted ? 1 : 0;
    CHECK_EQUAL(granted, !won);
    lost = granted ? 0 : lost + 1;
    CHECK(lost <= Tcdm::kMaximumWideWins);
    CHECK(tcdm.claim_word(0x10000010, 1, now));  // bank 4 is not the accelerator's
  }
  CHECK_EQUAL(wide + words, 900);
  CHECK_EQUAL(words, 100);
  CHECK_EQUAL(tcdm.wide_stalls(), std::uint64_t{100});
}

// Cores that refuse each other elsewhere are none of the accelerator's business.
void check_wide_port_and_conflicts_elsewhere() {
  Tcdm tcdm(0x10000000, 0x1000, 16);
  for (Cycle now = 0; now < 100; ++now) {
    CHECK(tcdm.claim_wide(0x10000020, now));
    const bool first = tcdm.claim_word(0x10000000, 0, now);
    CHECK(first != tcdm.claim_word(0x10000000, 1, now));
  }
  CHECK_EQUAL(tcdm.wide_stalls(), std::uint64_t{0});
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  for (int requesters = 1; requesters <= 14; ++requesters) {
    check_port(requesters, static_cast<unsigned>(requesters));
  }
  check_withdrawal();
  check_one_bank();
  check_wide_port();
  check_wide_port_and_conflicts_elsewhere();
  return check::result();
}
