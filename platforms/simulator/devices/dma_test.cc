// The DMA against memcpy, and its duration against the hardware reference.
#include "platforms/simulator/devices/dma.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

constexpr Address kL1 = 0x10000000;
constexpr Address kWeights = 0x10400000;
constexpr Address kL2 = 0x1c000000;
constexpr std::uint32_t kL1Size = 0x4000;
constexpr std::uint32_t kL2Size = 0x8000;
constexpr int kCores = 9;

DmaDescription dma_description() {
  DmaDescription d{};
  d.counters = 16;
  d.core_queue = 2;
  d.global_queue = 8;
  d.ports = 4;
  d.start = 6;
  d.minimum = 7;
  d.l2_latency = 12;
  d.bytes_per_cycle = 8;
  d.burst = 256;
  d.misaligned_bytes = 512;
  d.store_burst_penalty = 1;
  d.store_line_penalty = 1;
  return d;
}

SocDescription soc_description() {
  SocDescription soc{};
  soc.workers = 8;
  soc.control_core = 8;
  return soc;
}

struct Raised {
  CoreIndex core;
  int event;
  Cycle at;
};

class Events : public EventSink {
 public:
  void raise(CoreIndex core, int event, Cycle now) override {
    raised.push_back({core, event, now});
  }
  void raise_all(int event, Cycle now) override { raised.push_back({-1, event, now}); }
  std::vector<Raised> raised;
};

// Claims random banks in every cycle, as cores do.
class Disturber : public Agent {
 public:
  Disturber(Tcdm *tcdm, RoundRobinPort *port, unsigned seed)
      : tcdm_(tcdm), port_(port), random_(seed) {}
  Cycle step(Cycle now, Cycle) override {
    for (std::size_t i = 0; i < 4; ++i) {
      if (!waiting_[i]) {
        address_[i] = kL1 + 4 * (random_() % 16);
      }
      waiting_[i] = !tcdm_->claim_word(address_[i], static_cast<Requester>(i), now);
    }
    if (port_waiting_ || random_() % 2 == 0) {
      port_waiting_ = !port_->claim(5, now);
    }
    return now + 1;
  }

 private:
  Tcdm *tcdm_;
  RoundRobinPort *port_;
  std::mt19937 random_;
  bool waiting_[4] = {};
  Address address_[4] = {};
  bool port_waiting_ = false;
};

struct Bench {
  explicit Bench(unsigned seed)
      : tcdm(kL1, kL1Size, 16),
        l2("L2", kL2, kL2Size),
        weights("weight memory", kWeights, kL2Size),
        soc(soc_description()),
        dma(dma_description(), kCores, CoreNames(soc),
            {&tcdm, {&l2, &weights}, &events, &scheduler, nullptr}),
        port(&dma, true),
        random(seed) {
    dma.to_l1().set_agent(scheduler.add(&dma.to_l1()));
    dma.from_l1().set_agent(scheduler.add(&dma.from_l1()));
    for (std::uint32_t i = 0; i < kL1Size; ++i) {
      tcdm.data()[i] = static_cast<std::uint8_t>(random());
    }
    for (std::uint32_t i = 0; i < kL2Size; ++i) {
      *l2.at(kL2 + i) = static_cast<std::uint8_t>(random());
      *weights.at(kWeights + i) = static_cast<std::uint8_t>(random());
    }
  }

  int allocate(CoreIndex core) {
    const Response response = port.load(core, 0, scheduler.now());
    CHECK(response.kind == Response::Kind::kDone);
    return static_cast<int>(response.value);
  }
  // Whether the core's queue took all words.
  bool command(CoreIndex core, const std::vector<std::uint32_t> &words) {
    for (std::uint32_t word : words) {
      if (port.store(core, 0, word, scheduler.now()).kind != Response::Kind::kDone) {
        return false;
      }
    }
    return true;
  }
  bool counter_busy(int counter) {
    return (port.load(0, 4, scheduler.now()).value >> counter & 1u) != 0;
  }
  // Cycles until the counter is not busy.
  Cycle wait(int counter) {
    const Cycle begin = scheduler.now();
    while (counter_busy(counter) && scheduler.now() < begin + 1000000) {
      scheduler.run_until(scheduler.now() + 1);
      if (scheduler.next_cycle(0) == kNever && scheduler.next_cycle(1) == kNever) {
        break;
      }
    }
    return scheduler.now() - begin;
  }

  Scheduler scheduler;
  Tcdm tcdm;
  ExternalMemory l2;
  ExternalMemory weights;
  Events events;
  SocDescription soc;
  Dma dma;
  DmaPort port;
  std::mt19937 random;
};

struct Command {
  bool to_l1 = true;
  std::uint32_t bytes = 0;
  Address l1 = 0;
  Address external = 0;
  bool two_dimensional = false;
  std::uint32_t line = 0;
  std::uint32_t stride = 0;

  std::vector<std::uint32_t> words(std::uint32_t flags = 1u << 20) const {
    std::vector<std::uint32_t> all{
        bytes | (to_l1 ? 1u << 17 : 0) | 1u << 18 | (two_dimensional ? 1u << 19 : 0) | flags, l1,
        external};
    if (two_dimensional) {
      all.push_back(line);
      all.push_back(stride);
    }
    return all;
  }
};

Command random_command(std::mt19937 &random) {
  Command command;
  const auto below = [&random](std::uint32_t n) {
    return static_cast<std::uint32_t>(random() % n);
  };
  command.to_l1 = below(2) != 0;
  command.bytes = 1 + (below(2) != 0 ? below(40) : below(2000));
  command.l1 = kL1 + below(kL1Size - command.bytes + 1);
  const bool aligned = below(3) == 0;
  if (aligned) {
    command.l1 &= ~3u;
  }
  const Address base = below(2) != 0 ? kL2 : kWeights;
  command.two_dimensional = below(2) != 0;
  if (command.two_dimensional) {
    do {
      command.line = 1 + below(3) * below(100) + below(40);
    } while (command.line == 4);
    const std::uint32_t lines = (command.bytes + command.line - 1) / command.line;
    command.stride = command.line + below(9);
    while (lines * command.stride + command.line > kL2Size) {
      command.stride = command.line;
      command.bytes = std::min(command.bytes, kL2Size - 2 * command.line);
      break;
    }
    const std::uint32_t span = std::min(
        (command.bytes + command.line - 1) / command.line * command.stride + command.line, kL2Size);
    command.external = base + below(kL2Size - span + 1);
  } else {
    command.external = base + below(kL2Size - command.bytes + 1);
  }
  if (aligned) {
    command.external &= ~3u;
  }
  return command;
}

// What the transfer does to memory.
void copy(const Command &command, std::vector<std::uint8_t> *l1, std::vector<std::uint8_t> *l2,
          std::vector<std::uint8_t> *weights) {
  const bool in_l2 = command.external >= kL2;
  std::vector<std::uint8_t> &external = in_l2 ? *l2 : *weights;
  const std::uint32_t first = command.external - (in_l2 ? kL2 : kWeights);
  for (std::uint32_t i = 0; i < command.bytes; ++i) {
    const std::uint32_t there =
        first +
        (command.two_dimensional ? i / command.line * command.stride + i % command.line : i);
    const std::uint32_t here = command.l1 - kL1 + i;
    if (command.to_l1) {
      (*l1)[here] = external[there];
    } else {
      external[there] = (*l1)[here];
    }
  }
}

// Hardware reference, section 4, for lines of at least 8 bytes.
Cycle duration(const Command &command) {
  Cycle cycles = std::max<Cycle>(7, 6 + (command.bytes + 7) / 8) + 12;
  if (!command.to_l1 && !command.two_dimensional) {
    cycles += (command.bytes + 255) / 256;
  }
  if (!command.to_l1 && command.two_dimensional) {
    const std::uint32_t line = std::min(command.line, command.bytes);
    cycles += (command.bytes + command.line - 1) / command.line * ((line + 255) / 256);
  }
  if (((command.l1 | command.external | command.line | command.stride) & 3u) != 0) {
    cycles += command.bytes / 512;
  }
  return cycles;
}

void check_random_transfers(unsigned seed, bool disturbed) {
  Bench bench(seed);
  Disturber disturber(&bench.tcdm, &bench.l2.read_port(), seed);
  if (disturbed) {
    bench.scheduler.wake(bench.scheduler.add(&disturber), 0);
  }
  const auto image = [](const std::uint8_t *bytes, std::uint32_t size) {
    return std::vector<std::uint8_t>(bytes, bytes + size);
  };
  for (int i = 0; i < 100; ++i) {
    const Command command = random_command(bench.random);
    std::vector<std::uint8_t> l1 = image(bench.tcdm.data(), kL1Size);
    std::vector<std::uint8_t> l2 = image(bench.l2.at(kL2), kL2Size);
    std::vector<std::uint8_t> weights = image(bench.weights.at(kWeights), kL2Size);
    copy(command, &l1, &l2, &weights);
    const int core = i % kCores;
    const int counter = bench.allocate(core);
    CHECK(bench.command(core, command.words()));
    const Cycle issued = bench.scheduler.now();
    const Cycle waited = bench.wait(counter);
    if (!disturbed && (!command.two_dimensional || command.line >= 8)) {
      CHECK_EQUAL(waited, duration(command));
    } else {
      CHECK(waited >= 19);
    }
    bench.scheduler.run_until(bench.scheduler.now() + 1);  // the event of this cycle
    CHECK(bench.events.raised.size() == static_cast<std::size_t>(i) + 1);
    if (!bench.events.raised.empty()) {
      CHECK_EQUAL(bench.events.raised.back().core, core);
      CHECK_EQUAL(bench.events.raised.back().event, kEventDma);
      CHECK_EQUAL(bench.events.raised.back().at, issued + waited);
    }
    bench.port.store(core, 4, 1u << counter, bench.scheduler.now());
    CHECK_EQUAL(bench.port.load(0, 4, bench.scheduler.now()).value, 0u);
    CHECK(image(bench.tcdm.data(), kL1Size) == l1);
    CHECK(image(bench.l2.at(kL2), kL2Size) == l2);
    CHECK(image(bench.weights.at(kWeights), kL2Size) == weights);
  }
  const DmaStatistics statistics = bench.dma.statistics(bench.scheduler.now());
  CHECK_EQUAL(statistics.transfers, std::uint64_t{100});
  CHECK(disturbed == (statistics.bank_conflicts != 0));
}

// Transfers of both directions overlap; those of one direction follow each other.
void check_overlap() {
  Bench bench(1);
  const Command in{true, 800, kL1, kL2, false, 0, 0};
  const Command out{false, 800, kL1 + 0x1020, kL2 + 0x1000, false, 0, 0};
  const int counter = bench.allocate(0);
  bench.command(0, in.words());
  bench.command(0, in.words());
  const int other = bench.allocate(1);
  bench.command(1, out.words());
  CHECK_EQUAL(bench.wait(other), Cycle{118 + 4});
  CHECK_EQUAL(bench.wait(counter) + 118 + 4, Cycle{2 * 118});
  CHECK_EQUAL(bench.dma.statistics(bench.scheduler.now()).busy_cycles, Cycle{2 * 118});
}

// One core: eight transfers in the global queue, two in its own; the next word stalls it until one
// of its own moves on, which takes two ends of transfers, because another core's is moved first.
void check_queue_limits() {
  Bench bench(2);
  const Command command{true, 8, kL1, kL2, false, 0, 0};
  bench.allocate(3);
  for (int i = 0; i < 10; ++i) {
    CHECK(bench.command(3, command.words()));
  }
  const Response refused = bench.port.store(3, 0, command.words()[0], bench.scheduler.now());
  CHECK(refused.kind == Response::Kind::kRetry);
  CHECK_EQUAL(refused.at, bench.scheduler.now() + 1);
  bench.allocate(4);
  CHECK(bench.command(4, command.words()));  // another core's queue has room
  bench.scheduler.run_until(20);
  CHECK(!bench.command(3, command.words()));
  bench.scheduler.run_until(38);
  CHECK(!bench.command(3, command.words()));
  bench.scheduler.run_until(39);
  CHECK(bench.command(3, command.words()));
  bench.scheduler.run_until(1000);
  CHECK_EQUAL(bench.dma.statistics(1000).transfers, std::uint64_t{12});
  CHECK_EQUAL(bench.dma.statistics(1000).busy_cycles, Cycle{12 * 19});
  CHECK(!bench.dma.busy());
}

void check_counters() {
  Bench bench(3);
  for (int i = 0; i < 16; ++i) {
    CHECK_EQUAL(bench.allocate(i % kCores), i);
  }
  CHECK(bench.port.load(0, 0, 0).kind == Response::Kind::kRetry);
  CHECK_EQUAL(bench.port.load(0, 4, 0).value, 0xffff0000u);
  bench.port.store(1, 4, 1u << 5 | 1u << 9, 0);
  CHECK_EQUAL(bench.allocate(2), 5);
  CHECK_EQUAL(bench.allocate(2), 9);
  CHECK(bench.port.load(0, 0, 0).kind == Response::Kind::kRetry);
  CHECK_THROWS(bench.port.load(0, 0, 2000000), Fault,
               error.detail.find("nobody frees one") != std::string::npos);
}

void check_faults() {
  const auto problem = [](const Command &command, std::uint32_t flags, const char *wanted) {
    Bench bench(4);
    bench.l2.protect(kL2 + 0x100, kL2 + 0x200, "constants");
    bench.allocate(0);
    CHECK_THROWS(bench.command(0, command.words(flags)), Fault,
                 error.kind == FaultKind::kDevice &&
                     error.detail.find(wanted) != std::string::npos &&
                     error.detail.find("core 0") == 0);
  };
  problem({true, 0, kL1, kL2, false, 0, 0}, 0, "length is zero");
  problem({true, 8, kL2, kL2, false, 0, 0}, 0, "is not in L1");
  problem({true, 8, kL1, kL1, false, 0, 0}, 0, "is not in L2");
  problem({true, 8, kL1 + kL1Size - 7, kL2, false, 0, 0}, 0, "is not in L1");
  problem({true, 16, kL1, kL2 + kL2Size - 15, false, 0, 0}, 0, "is not in L2");
  problem({true, 16, kL1, kL2, true, 8, kL2Size}, 0, "is not in L2");
  problem({true, 16, kL1, kL2, true, 0, 8}, 0, "line length is zero");
  problem({true, 16, kL1, kL2, true, 4, 8}, 0, "lines have 4 bytes");
  problem({true, 16, kL1, kL2, false, 0, 0}, 1u << 23, "bits set above");
  problem({false, 16, kL1, kL2 + 0xf8, false, 0, 0}, 0, "overwrites constants");
  problem({true, 0, kL2, kL1, true, 4, 8}, 0,
          "4 bytes, which the hardware gets wrong; its external");
  Bench bench(5);
  CHECK_THROWS(bench.command(0, Command{true, 8, kL1, kL2, false, 0, 0}.words()), Fault,
               error.detail.find("no counter is allocated") != std::string::npos);
  CHECK_THROWS(bench.port.load(kCores, 0, 0), Fault,
               error.detail.find("fabric controller") != std::string::npos);
  Bench busy(6);
  busy.allocate(0);
  busy.command(0, Command{true, 8, kL1, kL2, false, 0, 0}.words());
  CHECK_THROWS(busy.port.store(0, 4, 1, 0), Fault,
               error.detail.find("under way") != std::string::npos);
}

void check_broadcast_and_peripheral_port() {
  Bench bench(7);
  DmaPort peripheral(&bench.dma, false);
  peripheral.load(kCores, 0, 0);
  for (std::uint32_t word : Command{true, 8, kL1, kL2, false, 0, 0}.words(3u << 20 | 1u << 22)) {
    peripheral.store(kCores, 0, word, 0);
  }
  bench.scheduler.run_until(100);
  CHECK_EQUAL(bench.events.raised.size(), std::size_t{2});
  CHECK_EQUAL(bench.events.raised[0].core, -1);
  CHECK_EQUAL(bench.events.raised[0].event, kEventDma);
  CHECK_EQUAL(bench.events.raised[1].event, kEventDmaInterrupt);
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  for (unsigned seed = 0; seed < 20; ++seed) {
    check_random_transfers(seed, false);
    check_random_transfers(seed, true);
  }
  check_overlap();
  check_queue_limits();
  check_counters();
  check_faults();
  check_broadcast_and_peripheral_port();
  return check::result();
}
