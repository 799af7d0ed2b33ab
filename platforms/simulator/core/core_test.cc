// What a core offers to debuggers and statistics, and how it stops: on a machine of doubles.
#include "platforms/simulator/core/core.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

constexpr Address kCode = 0x1c010000;
constexpr Address kMemory = 0x1c020000;
constexpr Address kL1 = 0x10000000;
constexpr Cycle kMemoryCycles = 15;
constexpr Cycle kLimit = 100000;

// Encoders of the few instructions that the programs below consist of.
std::uint32_t addi(unsigned rd, unsigned rs1, int immediate) {
  return 0x13 | rd << 7 | rs1 << 15 | static_cast<std::uint32_t>(immediate) << 20;
}
std::uint32_t lui(unsigned rd, std::uint32_t value) { return 0x37 | rd << 7 | (value & ~0xfffu); }
std::uint32_t lw(unsigned rd, unsigned rs1, int offset) {
  return 0x2003 | rd << 7 | rs1 << 15 | static_cast<std::uint32_t>(offset) << 20;
}
std::uint32_t sw(unsigned rs2, unsigned rs1, unsigned offset) {
  return 0x2023 | (offset & 31) << 7 | rs1 << 15 | rs2 << 20 | offset >> 5 << 25;
}
std::uint32_t bne(unsigned rs1, unsigned rs2, int offset) {
  const auto o = static_cast<std::uint32_t>(offset);
  return 0x1063 | (o >> 11 & 1) << 7 | (o >> 1 & 15) << 8 | rs1 << 15 | rs2 << 20 |
         (o >> 5 & 63) << 25 | (o >> 12 & 1) << 31;
}
std::uint32_t setup(unsigned rs1, unsigned words) {
  return 0x2b | 4 << 12 | 7 << 8 | rs1 << 15 | words << 20;
}
std::uint32_t elw(unsigned rd, unsigned rs1) { return 0x300b | rd << 7 | rs1 << 15; }
std::uint32_t slti_hint(unsigned rs1, unsigned kind) { return 0x2013 | rs1 << 15 | kind << 20; }
constexpr std::uint32_t kEcall = 0x73;
constexpr std::uint32_t kJumpToItself = 0x6f;
constexpr unsigned kMcycle = 0xb00;

class TestBus : public Bus {
 public:
  Response load(CoreIndex core, Address address, unsigned size, Cycle now) override {
    check(core, address, size);
    std::uint32_t value = 0;
    std::memcpy(&value, &bytes[address - kMemory], size);
    return {Response::Kind::kDone, false, value, now + kMemoryCycles};
  }
  Response store(CoreIndex core, Address address, unsigned size, std::uint32_t value,
                 Cycle now) override {
    check(core, address, size);
    std::memcpy(&bytes[address - kMemory], &value, size);
    return {Response::Kind::kDone, false, 0, now + kMemoryCycles};
  }
  Response event_load(CoreIndex, Address, Cycle) override {
    return {Response::Kind::kSleep, false, 0, 0};
  }
  bool peek(Address address, void *to, std::uint32_t size) const override {
    std::memcpy(to, &bytes[address - kMemory], size);
    return true;
  }
  bool poke(Address, const void *, std::uint32_t) override { return false; }

  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(4096);

 private:
  void check(CoreIndex core, Address address, unsigned size) const {
    if (address - kMemory >= bytes.size()) {
      throw Fault{FaultKind::kUnmapped, core, address, "nothing here"};
    }
    CHECK((size == 1 || size == 2 || size == 4) && address % size == 0);
  }
};

class TestRefill : public InstructionRefill {
 public:
  Cycle refill(CoreIndex, Address, Cycle now, bool *) override { return now; }
};

class TestObserver : public Observer {
 public:
  void instruction(CoreIndex, Cycle cycle, Address pc) override { trace.emplace_back(cycle, pc); }
  void region_begins(CoreIndex, Cycle, const std::string &name) override { regions += name + "("; }
  void region_ends(CoreIndex, Cycle) override { regions += ")"; }

  std::vector<std::pair<Cycle, Address>> trace;
  std::string regions;
};

class Nothing : public Agent {
 public:
  Cycle step(Cycle, Cycle) override { return kNever; }
};

CoreDescription timing() {
  CoreDescription description{};
  description.multiply_high = 5;
  description.divide_by_zero = 35;
  description.divide_positive_base = 3;
  description.divide_negative_base = 2;
  description.load_use_stall = 1;
  description.branch_taken = 3;
  description.jump = 2;
  description.jump_register_stall = 1;
  description.float_divide = 14;
  return description;
}

// Cores that all run one program.
class Rig {
 public:
  explicit Rig(const std::vector<std::uint32_t> &program, int cores = 1) {
    std::vector<std::uint8_t> bytes(4 * program.size());
    std::memcpy(bytes.data(), program.data(), bytes.size());
    code.add_region(kCode, std::move(bytes));
    scheduler.add(&first_agent_);
    for (CoreIndex i = 0; i < cores; ++i) {
      all.push_back(std::make_unique<Core>(
          i, static_cast<std::uint32_t>(i), timing(), CacheDescription{512, 4}, 16,
          CoreConnections{&code, &tcdm, &bus, &refill_, &unit_, &division_, &observer}));
      agents.push_back(scheduler.add(all.back().get()));
      all.back()->start(kCode, 0);
      scheduler.wake(agents.back(), 0);
    }
  }

  Core &core() { return *all.front(); }

  // Runs until the program's ecall, or another fault.
  Fault run_to_fault() {
    try {
      scheduler.run_until(kLimit);
    } catch (const Fault &fault) {
      return fault;
    }
    CHECK(false);
    return {};
  }
  // Runs to the next breakpoint, and prepares to go on from there; 0: no breakpoint.
  Address run_to_breakpoint() {
    try {
      scheduler.run_until(kLimit);
    } catch (const BreakpointHit &hit) {
      core().step_over_breakpoint();
      scheduler.wake(agents.front(), core().clock());
      return hit.address;
    } catch (const Fault &) {
      return 0;
    }
    return 0;
  }

  CodeImage code;
  Tcdm tcdm{kL1, 0x40000, 16};
  TestBus bus;
  TestObserver observer;
  Scheduler scheduler;
  std::vector<std::unique_ptr<Core>> all;
  std::vector<AgentIndex> agents;

 private:
  TestRefill refill_;
  RoundRobinPort unit_;
  DivisionUnit division_;
  Nothing first_agent_;
};

// Three rounds of a loop.
std::vector<std::uint32_t> counting_program() {
  return {addi(5, 0, 3), addi(6, 6, 2), addi(5, 5, -1), bne(5, 0, -8), kEcall};
}

void test_fault_leaves_program_counter() {
  Rig rig({lui(5, 0x40000000), addi(6, 0, 1), lw(7, 5, 8), kEcall});
  const Fault fault = rig.run_to_fault();
  CHECK(fault.kind == FaultKind::kUnmapped);
  CHECK_EQUAL(fault.address, 0x40000008u);
  CHECK_EQUAL(rig.core().registers().pc, kCode + 8);
  CHECK_EQUAL(rig.core().registers().x[6], 1u);

  Rig jump({lui(5, 0x40000000), 0x67 | 1 << 7 | 5 << 15});
  const Fault fetch = jump.run_to_fault();
  CHECK(fetch.kind == FaultKind::kFetch);
  CHECK_EQUAL(fetch.address, 0x40000000u);
  CHECK_EQUAL(jump.core().registers().pc, kCode + 4);
  CHECK_EQUAL(jump.core().registers().x[1], 0u);

  Rig end({addi(5, 0, 1)});
  const Fault past_end = end.run_to_fault();
  CHECK(past_end.kind == FaultKind::kFetch);
  CHECK_EQUAL(past_end.address, kCode + 4);

  Rig csr({0x123022f3});  // csrr t0, 0x123
  const Fault unknown = csr.run_to_fault();
  CHECK(unknown.kind == FaultKind::kIllegalInstruction);
  CHECK(unknown.detail.find("0x123") != std::string::npos);
}

void test_breakpoints() {
  Rig rig(counting_program());
  rig.code.set_breakpoint(kCode + 4);
  rig.code.set_breakpoint(kCode + 8);
  for (std::uint32_t round = 0; round < 3; ++round) {
    CHECK_EQUAL(rig.run_to_breakpoint(), kCode + 4);
    CHECK_EQUAL(rig.core().registers().x[6], 2 * round);
    CHECK_EQUAL(rig.run_to_breakpoint(), kCode + 8);
    CHECK_EQUAL(rig.core().registers().x[6], 2 * round + 2);
    if (round == 1) {
      rig.code.clear_breakpoint(kCode + 8);
      CHECK(!rig.code.is_breakpoint(kCode + 8));
      rig.code.set_breakpoint(kCode + 8);
    }
  }
  CHECK_EQUAL(rig.run_to_breakpoint(), 0u);
  Rig plain(counting_program());
  plain.run_to_fault();
  CHECK_EQUAL(rig.core().clock(), plain.core().clock());
}

void test_registers_can_be_written() {
  Rig rig(counting_program());
  rig.code.set_breakpoint(kCode + 4);
  CHECK_EQUAL(rig.run_to_breakpoint(), kCode + 4);
  rig.core().registers().x[6] = 100;
  rig.core().registers().x[0] = 7;
  rig.core().registers().pc = kCode + 16;
  CHECK(rig.run_to_fault().kind == FaultKind::kEnvironment);
  CHECK_EQUAL(rig.core().registers().x[6], 100u);
  CHECK_EQUAL(rig.core().registers().x[0], 0u);
}

void test_code_can_be_changed() {
  Rig rig(counting_program());
  rig.code.set_breakpoint(kCode + 8);
  CHECK_EQUAL(rig.run_to_breakpoint(), kCode + 8);
  const std::uint32_t other = addi(6, 6, 10);
  rig.code.change(kCode + 4, reinterpret_cast<const std::uint8_t *>(&other), 4);
  rig.code.clear_breakpoint(kCode + 8);
  rig.run_to_fault();
  CHECK_EQUAL(rig.core().registers().x[6], 22u);
}

void test_single_step() {
  Rig rig(counting_program());
  rig.core().set_single_step(
      true, [](void *scheduler) { static_cast<Scheduler *>(scheduler)->request_stop(); },
      &rig.scheduler);
  const std::vector<Address> expected = {4, 8, 12, 4, 8, 12, 4, 8, 12, 16};
  for (const Address offset : expected) {
    CHECK(!rig.scheduler.run_until(kLimit));
    CHECK_EQUAL(rig.core().registers().pc, kCode + offset);
  }
}

void test_trace() {
  Rig rig(counting_program());
  rig.core().set_instruction_trace(true);
  rig.run_to_fault();
  const std::vector<std::pair<Cycle, Address>> expected = {{0, 0},  {1, 4},   {2, 8},  {3, 12},
                                                           {6, 4},  {7, 8},   {8, 12}, {11, 4},
                                                           {12, 8}, {13, 12}, {14, 16}};
  CHECK_EQUAL(rig.observer.trace.size(), expected.size());
  for (std::size_t i = 0; i < expected.size() && i < rig.observer.trace.size(); ++i) {
    CHECK_EQUAL(rig.observer.trace[i].first, expected[i].first);
    CHECK_EQUAL(rig.observer.trace[i].second, kCode + expected[i].second);
  }
}

// Cores that fight for one bank come to the same state at the same time, running ahead or not, and
// all cycles are in exactly one counter.
void test_run_ahead_changes_nothing() {
  const std::vector<std::uint32_t> program = {
      lui(10, kL1),  addi(5, 0, 50), addi(6, 6, 3),  lw(7, 10, 0),      addi(7, 7, 1), sw(7, 10, 0),
      addi(8, 8, 5), addi(5, 5, -1), bne(5, 0, -24), sw(8, 10, 64 * 4), kJumpToItself};
  constexpr int kCores = 4;
  Rig ahead(program, kCores);
  Rig ordered(program, kCores);
  for (const auto &core : ordered.all) {
    core->set_run_ahead(false);
  }
  ahead.scheduler.run_until(5000);
  ordered.scheduler.run_until(5000);
  CHECK(std::memcmp(ahead.tcdm.data(), ordered.tcdm.data(), ahead.tcdm.size()) == 0);
  for (std::size_t i = 0; i < kCores; ++i) {
    const CoreStatistics a = ahead.all[i]->statistics(5000);
    const CoreStatistics b = ordered.all[i]->statistics(5000);
    CHECK(a.bank_conflict_stalls > 0);
    CHECK_EQUAL(a.bank_conflict_stalls, b.bank_conflict_stalls);
    CHECK_EQUAL(a.loads, b.loads);
    CHECK_EQUAL(b.loads, 50u);
    CHECK_EQUAL(b.load_use_stalls, 50u);
  }
}

void test_statistics() {
  Rig rig(counting_program());
  rig.run_to_fault();
  const CoreStatistics s = rig.core().statistics(rig.core().clock());
  CHECK_EQUAL(s.instructions, 10u);
  CHECK_EQUAL(s.compressed, 0u);
  CHECK_EQUAL(s.branches, 3u);
  CHECK_EQUAL(s.taken_branches, 2u);
  CHECK_EQUAL(s.branch_stalls, 4u);
  CHECK_EQUAL(rig.core().clock(), 14u);

  // c.nop, c.nop, nop, ecall: two of the instructions before the fault are compressed.
  Rig compressed({0x00010001, addi(0, 0, 0), kEcall});
  compressed.run_to_fault();
  const CoreStatistics c = compressed.core().statistics(100);
  CHECK_EQUAL(c.instructions, 3u);
  CHECK_EQUAL(c.compressed, 2u);
}

void test_hardware_loop() {
  Rig rig({addi(5, 0, 10), setup(5, 4), addi(6, 6, 1), addi(7, 7, 2), addi(8, 8, 3), kEcall});
  rig.run_to_fault();
  CHECK_EQUAL(rig.core().registers().x[6], 10u);
  CHECK_EQUAL(rig.core().registers().x[8], 30u);
  CHECK_EQUAL(rig.core().clock(), 32u);

  // The last instruction of the body is a load that the first one uses.
  Rig hazard({lui(10, kL1), addi(5, 0, 10), setup(5, 4), addi(6, 7, 1), addi(0, 0, 0), lw(7, 10, 0),
              kEcall});
  hazard.run_to_fault();
  CHECK_EQUAL(hazard.core().clock(), 3u + 30 + 9);
  CHECK_EQUAL(hazard.core().statistics(0).load_use_stalls, 9u);

  Rig too_short({addi(5, 0, 10), setup(5, 3), addi(6, 6, 1), addi(7, 7, 2), kEcall});
  CHECK(too_short.run_to_fault().kind == FaultKind::kIllegalInstruction);
  Rig branch({addi(5, 0, 10), setup(5, 4), addi(6, 6, 1), bne(0, 0, 8), addi(7, 7, 2), kEcall});
  CHECK(branch.run_to_fault().detail.find("branches") != std::string::npos);
}

void test_misaligned_accesses() {
  for (const Address base : {kL1, kMemory}) {
    for (unsigned offset = 0; offset < 4; ++offset) {
      Rig rig({lui(10, base), addi(10, 10, 16), lui(6, 0x12345000), addi(6, 6, 0x678),
               sw(6, 10, offset), lw(7, 10, static_cast<int>(offset)), kEcall});
      rig.run_to_fault();
      CHECK_EQUAL(rig.core().registers().x[7], 0x12345678u);
      const CoreStatistics s = rig.core().statistics(0);
      CHECK_EQUAL(s.instructions, 6u);
      if (base == kL1) {
        CHECK_EQUAL(s.misaligned_stalls, offset == 0 ? 0u : 2u);
        CHECK_EQUAL(rig.core().clock(), 6 + s.misaligned_stalls);
      }
    }
  }
}

void test_stack_guard() {
  Rig rig({lui(10, kL1), sw(5, 10, 0x7c), sw(5, 10, 0x80), kEcall});
  rig.core().set_stack_guard(kL1 + 0x80, 0x40);
  const Fault fault = rig.run_to_fault();
  CHECK(fault.kind == FaultKind::kStackOverflow);
  CHECK_EQUAL(fault.address, kL1 + 0x80);
  CHECK_EQUAL(rig.core().registers().pc, kCode + 8);
}

void test_regions() {
  Rig rig({lui(10, kMemory), slti_hint(10, 1), addi(11, 10, 8), slti_hint(11, 1), addi(0, 0, 0),
           slti_hint(0, 2), slti_hint(0, 2), kEcall});
  std::memcpy(rig.bus.bytes.data(), "outer\0\0\0inner", 14);
  rig.run_to_fault();
  const std::vector<RegionTotal> &totals = rig.core().regions().totals();
  CHECK_EQUAL(rig.observer.regions, "outer(inner())");
  CHECK_EQUAL(totals.size(), 2u);
  CHECK_EQUAL(totals[0].name, "outer");
  CHECK_EQUAL(totals[0].cycles, 5u);
  CHECK_EQUAL(totals[0].statistics.instructions, 5u);
  CHECK_EQUAL(totals[1].visits, 1u);
  CHECK_EQUAL(totals[1].cycles, 2u);

  Rig unbalanced({slti_hint(0, 2)});
  CHECK(unbalanced.run_to_fault().kind == FaultKind::kEnvironment);
}

void test_sleep() {
  Rig rig({lui(10, kMemory), elw(7, 10), addi(8, 7, 1), kEcall});
  CHECK(rig.scheduler.run_until(kLimit));
  CHECK(rig.core().asleep());
  CHECK_EQUAL(rig.core().statistics(50).sleep, 48u);
  CHECK_EQUAL(rig.core().statistics(50).instructions, 2u);
  rig.core().wake(41, kLimit + 5);
  rig.scheduler.wake(rig.agents.front(), kLimit + 5);
  try {
    rig.scheduler.run_until(2 * kLimit);
  } catch (const Fault &) {
  }
  CHECK_EQUAL(rig.core().registers().x[8], 42u);
  std::uint32_t cycle = 0;
  CHECK(rig.core().read_csr(kMcycle, &cycle));
  CHECK_EQUAL(cycle, kLimit + 6);
  CHECK_EQUAL(rig.core().statistics(0).sleep, kLimit + 5 - 2);
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  test_fault_leaves_program_counter();
  test_breakpoints();
  test_registers_can_be_written();
  test_code_can_be_changed();
  test_single_step();
  test_trace();
  test_run_ahead_changes_nothing();
  test_statistics();
  test_hardware_loop();
  test_misaligned_accesses();
  test_stack_guard();
  test_regions();
  test_sleep();
  return check::result();
}
