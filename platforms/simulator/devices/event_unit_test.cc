// The event unit's state machines and their times.
#include "platforms/simulator/devices/event_unit.h"

#include <algorithm>
#include <random>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

constexpr int kCores = 9;
constexpr CoreIndex kFabricController = kCores;

// Offsets of the demux port.
constexpr std::uint32_t kMask = 0x00;
constexpr std::uint32_t kMaskClear = 0x04;
constexpr std::uint32_t kMaskSet = 0x08;
constexpr std::uint32_t kInterruptMask = 0x0c;
constexpr std::uint32_t kBuffer = 0x1c;
constexpr std::uint32_t kBufferMasked = 0x20;
constexpr std::uint32_t kBufferClear = 0x28;
constexpr std::uint32_t kWait = 0x38;
constexpr std::uint32_t kWaitClear = 0x3c;
constexpr std::uint32_t kFifo = 0x80;
constexpr std::uint32_t kTeam = 0x84;
constexpr std::uint32_t kMutex = 0xc0;
constexpr std::uint32_t kSoftware = 0x100;
constexpr std::uint32_t kBarrier = 0x200;

EventUnitDescription description() {
  EventUnitDescription d{};
  d.wait = 5;
  d.barrier = 5;
  d.software_event = 7;
  d.dispatch_wake = 12;
  d.mutexes = 1;
  d.barriers = 8;
  return d;
}

SocDescription soc_description() {
  SocDescription soc{};
  soc.workers = 8;
  soc.control_core = 8;
  return soc;
}

struct Woken {
  CoreIndex core;
  std::uint32_t value;
  Cycle at;
};

class Cores : public CoreControl {
 public:
  void start(CoreIndex, Address, Cycle) override {}
  void wake(CoreIndex core, std::uint32_t value, Cycle at) override {
    woken.push_back({core, value, at});
  }
  void set_instruction_caches(bool) override {}
  void flush_instruction_caches() override {}
  std::vector<Woken> woken;
};

struct Bench {
  Bench()
      : soc(soc_description()),
        unit(description(), kCores, CoreNames(soc), &cores, nullptr),
        port(&unit, kCores),
        peripheral(&unit, kCores) {}

  void store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now = 0) {
    port.store(core, offset, value, now);
  }
  std::uint32_t load(CoreIndex core, std::uint32_t offset) {
    return port.load(core, offset, 0).value;
  }
  Response wait(CoreIndex core, std::uint32_t offset, Cycle now) {
    return port.event_load(core, offset, now);
  }
  void sleeps(CoreIndex core, std::uint32_t offset, Cycle now) {
    CHECK(wait(core, offset, now).kind == Response::Kind::kSleep);
  }
  void goes_on(CoreIndex core, std::uint32_t offset, Cycle now, std::uint32_t value, Cycle at) {
    const Response response = wait(core, offset, now);
    CHECK(response.kind == Response::Kind::kDone);
    CHECK_EQUAL(response.value, value);
    CHECK_EQUAL(response.at, at);
  }
  // The only core woken since the last call.
  void woke(CoreIndex core, std::uint32_t value, Cycle at) {
    CHECK_EQUAL(cores.woken.size(), std::size_t{1});
    if (cores.woken.size() == 1) {
      CHECK_EQUAL(cores.woken[0].core, core);
      CHECK_EQUAL(cores.woken[0].value, value);
      CHECK_EQUAL(cores.woken[0].at, at);
    }
    cores.woken.clear();
  }

  SocDescription soc;
  Cores cores;
  EventUnit unit;
  EventUnitDemuxPort port;
  EventUnitPeripheralPort peripheral;
};

void check_masks_and_buffer() {
  Bench b;
  b.store(2, kMask, 0xf0);
  b.store(2, kMaskClear, 0x30);
  b.store(2, kMaskSet, 0x3);
  CHECK_EQUAL(b.load(2, kMask), 0xc3u);
  b.unit.raise(2, 6, 0);
  b.unit.raise(2, 3, 0);
  CHECK_EQUAL(b.load(2, kBuffer), 0x48u);
  CHECK_EQUAL(b.load(2, kBufferMasked), 0x40u);
  b.store(2, kBufferClear, 0x40);
  CHECK_EQUAL(b.load(2, kBuffer), 0x08u);
  CHECK_EQUAL(b.load(3, kBuffer), 0u);
  CHECK_EQUAL(b.peripheral.load(kFabricController, 2 * 0x40 + kBuffer, 0).value, 0x08u);
  b.store(2, kInterruptMask, 0);
  CHECK_THROWS(b.store(2, kInterruptMask, 1), Fault,
               error.detail.find("interrupts are not modelled") != std::string::npos);
}

void check_waiting() {
  Bench b;
  b.store(1, kMask, 1u << 8 | 1u << 12);
  b.unit.raise(1, 8, 100);
  b.goes_on(1, kWait, 100, 1u << 8, 105);
  b.goes_on(1, kWaitClear, 110, 1u << 8, 115);
  b.sleeps(1, kWaitClear, 120);
  b.unit.raise(1, 10, 130);  // not of its mask
  CHECK(b.cores.woken.empty());
  b.unit.raise_all(12, 140);
  b.woke(1, 1u << 12, 145);
  CHECK_EQUAL(b.load(1, kBuffer), 1u << 10);
  CHECK_EQUAL(b.load(0, kBuffer), 1u << 12);
  // The fabric controller opens the mask of a core that sleeps.
  b.store(1, kBufferClear, ~0u);
  b.sleeps(1, kWait, 200);
  b.unit.raise(1, 0, 210);
  b.peripheral.store(kFabricController, 0x40 + kMaskSet, 1, 220);
  b.woke(1, 1, 225);
  // An event in the cycle of the wait: either order has the same effect.
  Bench first;
  Bench second;
  first.store(0, kMask, 1u << 8);
  second.store(0, kMask, 1u << 8);
  first.unit.raise(0, 8, 50);
  first.goes_on(0, kWaitClear, 50, 1u << 8, 55);
  second.sleeps(0, kWaitClear, 50);
  second.unit.raise(0, 8, 50);
  second.woke(0, 1u << 8, 55);
  CHECK_EQUAL(first.load(0, kBuffer), second.load(0, kBuffer));
}

void check_software_events() {
  Bench b;
  for (CoreIndex core = 0; core < kCores; ++core) {
    b.store(core, kMask, 1u << 3);
  }
  b.sleeps(4, kWaitClear, 0);
  b.store(0, kSoftware + 4 * 3, 1u << 4 | 1u << 5, 10);
  b.woke(4, 1u << 3, 17);
  // A core that begins to wait while the event is on its way.
  b.goes_on(5, kWaitClear, 11, 1u << 3, 17);
  CHECK_EQUAL(b.load(0, kBuffer), 0u);
  b.peripheral.store(kFabricController, 0x600 + 4 * 3, 0, 20);  // to all
  for (CoreIndex core = 0; core < kCores; ++core) {
    b.goes_on(core, kWaitClear, 30, 1u << 3, 35);
  }
  CHECK_THROWS(b.store(0, kSoftware, 1u << kCores), Fault, error.kind == FaultKind::kDevice);
  CHECK_THROWS(b.store(0, kSoftware + 4 * 8, 1), Fault, error.kind == FaultKind::kDevice);
}

void check_barriers() {
  std::mt19937 random(1);
  Bench b;
  for (CoreIndex core = 0; core < kCores; ++core) {
    b.store(core, kMask, 1u << 16);
  }
  for (int round = 0; round < 500; ++round) {
    const std::uint32_t number = static_cast<std::uint32_t>(random() % 8);
    const std::uint32_t at = kBarrier + 0x20 * number;
    const std::uint32_t team = 1 + static_cast<std::uint32_t>(random() % 0x1ff);
    b.store(0, at, team);
    b.store(0, at + 0xc, team);
    std::vector<CoreIndex> order;
    for (CoreIndex core = 0; core < kCores; ++core) {
      if ((team >> core & 1u) != 0) {
        order.push_back(core);
      }
    }
    std::shuffle(order.begin(), order.end(), random);
    Cycle now = static_cast<Cycle>(round) * 1000;
    std::uint32_t arrived = 0;
    for (std::size_t i = 0; i + 1 < order.size(); ++i, now += random() % 3) {
      b.sleeps(order[i], at + 0x1c, now);
      arrived |= 1u << order[i];
      CHECK_EQUAL(b.load(0, at + 4), arrived);
      CHECK(b.cores.woken.empty());
    }
    b.goes_on(order.back(), at + 0x1c, now, 1u << 16, now + 5);
    CHECK_EQUAL(b.cores.woken.size(), order.size() - 1);
    for (const Woken &woken : b.cores.woken) {
      CHECK_EQUAL(woken.at, now + 5);
      CHECK_EQUAL(woken.value, 1u << 16);
    }
    b.cores.woken.clear();
    CHECK_EQUAL(b.load(0, at + 4), 0u);
    for (CoreIndex core = 0; core < kCores; ++core) {
      CHECK_EQUAL(b.load(core, kBuffer), 0u);
    }
  }
  // Arrival without waiting, on behalf of others, and targets that are not of the team.
  b.store(0, kBarrier, 0x7);
  b.store(0, kBarrier + 0xc, 0x8);
  b.sleeps(3, kWaitClear, 0);
  b.store(1, kBarrier + 0x14, 0, 10);
  b.store(0, kBarrier + 0x10, 0x5, 20);
  b.woke(3, 1u << 16, 25);
  // Trigger and wait without clear leaves the event.
  b.store(0, kBarrier, 1);
  b.store(0, kBarrier + 0xc, 1);
  b.goes_on(0, kBarrier + 0x18, 30, 1u << 16, 35);
  b.goes_on(0, kWaitClear, 40, 1u << 16, 45);
  // Nobody would be woken.
  b.store(0, kBarrier + 0xc, 0);
  CHECK_THROWS(b.store(0, kBarrier + 0x14, 0), Fault,
               error.detail.find("target mask is zero") != std::string::npos);
  CHECK_THROWS(b.wait(0, kBarrier + 8 * 0x20 + 0x1c, 0), Fault,
               error.detail.find("there is no barrier 8") != std::string::npos);
  CHECK_THROWS(b.load(0, kBarrier + 0x1c), Fault, error.detail.find("cv.elw") != std::string::npos);
}

void check_mutex() {
  Bench b;
  for (CoreIndex core = 0; core < kCores; ++core) {
    b.store(core, kMask, 1u << 17);
  }
  b.goes_on(3, kMutex, 0, 0, 5);
  b.sleeps(5, kMutex, 1);
  b.sleeps(1, kMutex, 2);
  b.store(3, kMutex, 77, 10);
  b.woke(1, 77, 15);
  b.sleeps(3, kMutex, 16);
  b.store(1, kMutex, 78, 20);
  b.woke(3, 78, 25);
  b.store(3, kMutex, 79, 30);
  b.woke(5, 79, 35);
  b.store(5, kMutex, 80, 40);
  b.goes_on(0, kMutex, 50, 80, 55);
  CHECK_THROWS(b.store(1, kMutex, 0), Fault,
               error.detail.find("core 1 unlocks mutex 0, which core 0 holds") == 0);
  b.store(0, kMutex, 0);
  CHECK_THROWS(b.store(0, kMutex, 0), Fault, error.detail.find("nobody") != std::string::npos);
  CHECK_THROWS(b.wait(0, kMutex + 4, 0), Fault,
               error.detail.find("there is no mutex 1") != std::string::npos);
  // Another event of the mask would end the wait without the lock.
  b.goes_on(0, kMutex, 60, 0, 65);
  b.store(2, kMaskSet, 1u << 8);
  b.sleeps(2, kMutex, 61);
  CHECK_THROWS(b.unit.raise(2, 8, 62), Fault,
               error.detail.find("waits for mutex 0") != std::string::npos);
}

// Every member of the team gets every value once, in order, whoever sleeps.
void check_dispatch() {
  std::mt19937 random(2);
  Bench b;
  for (CoreIndex core = 0; core < kCores; ++core) {
    b.store(core, kMask, 1u << 18);
  }
  std::vector<std::vector<std::uint32_t>> expected(kCores);
  std::vector<std::vector<std::uint32_t>> got(kCores);
  std::vector<bool> asleep(kCores, false);
  std::uint32_t value = 100;
  for (int round = 0; round < 20000; ++round) {
    const Cycle now = static_cast<Cycle>(round) * 20;
    // The FIFO holds eight values: the next burst comes when everybody has popped all of the last.
    std::size_t behind = 0;
    for (std::size_t core = 0; core < kCores; ++core) {
      behind = std::max(behind, expected[core].size() - got[core].size());
    }
    if (random() % 4 == 0 && behind == 0) {
      const int burst = 1 + static_cast<int>(random() % 8);
      for (int i = 0; i < burst; ++i) {
        const std::uint32_t team = 1 + static_cast<std::uint32_t>(random() % 0x1ff);
        b.store(8, kTeam, team);
        CHECK_EQUAL(b.load(8, kTeam), team);
        b.store(8, kFifo, ++value, now);
        for (std::size_t core = 0; core < kCores; ++core) {
          if ((team >> core & 1u) != 0) {
            expected[core].push_back(value);
          }
        }
        for (const Woken &woken : b.cores.woken) {
          CHECK_EQUAL(woken.at, now + 12);
          asleep[static_cast<std::size_t>(woken.core)] = false;
          got[static_cast<std::size_t>(woken.core)].push_back(woken.value);
        }
        b.cores.woken.clear();
      }
    }
    const std::size_t core = random() % kCores;
    if (!asleep[core]) {
      const Response response = b.wait(static_cast<CoreIndex>(core), kFifo, now);
      asleep[core] = response.kind == Response::Kind::kSleep;
      CHECK_EQUAL(asleep[core], got[core].size() == expected[core].size());
      if (!asleep[core]) {
        CHECK_EQUAL(response.at, now + 5);
        got[core].push_back(response.value);
      }
    }
    CHECK(got[core].size() <= expected[core].size());
    CHECK(std::equal(got[core].begin(), got[core].end(), expected[core].begin()));
  }
  CHECK(value > 1000);

  Bench full;
  CHECK_THROWS(full.store(0, kFifo, 1), Fault,
               error.detail.find("team mask is zero") != std::string::npos);
  full.store(0, kTeam, 0x6);
  for (std::uint32_t i = 0; i < 8; ++i) {
    full.store(0, kFifo, i);
  }
  full.goes_on(1, kFifo, 0, 0, 5);
  CHECK_THROWS(full.store(0, kFifo, 8), Fault,
               error.detail.find("core 2 did not pop") != std::string::npos);
}

void check_reports() {
  Bench b;
  CHECK_EQUAL(b.unit.describe_wait(0), std::string());
  b.store(0, kBarrier, 0x3);
  b.store(0, kBarrier + 0xc, 0x3);
  b.store(0, kMask, 1u << 16);
  b.sleeps(0, kBarrier + 0x1c, 0);
  CHECK_EQUAL(b.unit.describe_wait(0),
              std::string("waits at barrier 0: team 0x3, arrived 0x1, missing 0x2; event buffer "
                          "0x0"));
  b.goes_on(4, kMutex, 0, 0, 5);
  b.sleeps(5, kMutex, 0);
  CHECK_EQUAL(b.unit.describe_wait(5),
              std::string("waits for mutex 0, held by core 4; event buffer 0x0; its event mask "
                          "0x0 lacks bit 17, without which it cannot wake up"));
  // Without the bit in the mask the lock arrives, but the core sleeps on.
  b.store(4, kMutex, 0);
  CHECK(b.cores.woken.empty());
  CHECK_THROWS(b.port.load(kFabricController, kBuffer, 0), Fault,
               error.detail.find("fabric controller") != std::string::npos);
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  check_masks_and_buffer();
  check_waiting();
  check_software_events();
  check_barriers();
  check_mutex();
  check_dispatch();
  check_reports();
  return check::result();
}
