// One RV32IMFC core with CORE-V extensions: interpreter and timing.
#ifndef PLATFORMS_SIMULATOR_CORE_CORE_H_
#define PLATFORMS_SIMULATOR_CORE_CORE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/core/code_image.h"
#include "platforms/simulator/core/performance_counters.h"
#include "platforms/simulator/core/region.h"
#include "platforms/simulator/core/statistics.h"
#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/memory/bus.h"
#include "platforms/simulator/memory/instruction_cache.h"
#include "platforms/simulator/memory/round_robin_port.h"
#include "platforms/simulator/memory/tcdm.h"
#include "platforms/simulator/soc/fault.h"
#include "platforms/simulator/soc/scheduler.h"
#include "platforms/simulator/soc/soc_description.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// One division and square-root unit, shared by a cluster's cores: busy until a cycle.
struct DivisionUnit {
  Cycle free_at = 0;
};

// What a core is connected to. Nothing is owned.
struct CoreConnections {
  CodeImage *code;
  Tcdm *tcdm;  // accessed inline; null for the fabric controller, which goes through the bus
  Bus *bus;
  InstructionRefill *refill;
  RoundRobinPort *floating_point_unit;
  DivisionUnit *division_unit;
  Observer *observer;  // or null
};

// Architectural state that a debugger sees.
struct Registers {
  // The last one takes results for x0 and is never read.
  std::array<std::uint32_t, 33> x{};
  std::array<std::uint32_t, 32> f{};
  Address pc = 0;
};

class Core : public Agent {
 public:
  // `cache` is the core's own instruction cache, of lines of `cache_line` bytes.
  Core(CoreIndex index, std::uint32_t hart_id, const CoreDescription &description,
       const CacheDescription &cache, int cache_line, const CoreConnections &connections);

  // Throws Fault and BreakpointHit with registers().pc at the instruction, which had no effect. To
  // go on after that, the caller wakes the agent at clock().
  Cycle step(Cycle now, Cycle horizon) override;

  // Starts (or restarts) at an address; the caller wakes the agent.
  void start(Address pc, Cycle at);
  // Ends the sleep of an event load, which yields `value`; the core issues its next instruction at
  // `at`. The caller wakes the agent.
  void wake(std::uint32_t value, Cycle at);
  bool asleep() const { return asleep_; }

  // With run-ahead off the core returns to the scheduler after every instruction, so that all cores
  // advance in the order of time; results are the same.
  void set_run_ahead(bool on);
  // Calls Observer::instruction.
  void set_instruction_trace(bool on);

  // After every instruction of this core `stop` is called: it asks the scheduler to return.
  using StopRequest = void (*)(void *context);
  void set_single_step(bool on, StopRequest stop = nullptr, void *context = nullptr);
  // The next instruction is executed even if it has a breakpoint.
  void step_over_breakpoint();

  // Puts the next instruction off, which counts as waiting for an event. The caller wakes the
  // agent.
  void hold_until(Cycle at);

  // Accesses to [begin, begin + size) of the TCDM are stack overflows; size 0: none are.
  void set_stack_guard(Address begin, std::uint32_t size);

  // The core's own instruction cache: while it is off every line is fetched anew.
  void set_instruction_cache(bool on);
  void flush_instruction_cache();

  CoreIndex index() const { return index_; }
  std::uint32_t hart_id() const { return hart_id_; }
  // Writes take effect at the next instruction; not to be kept across step.
  Registers &registers();
  // The core's own clock: the cycle of its next instruction.
  Cycle clock() const { return clock_; }
  // All counters up to `now`; a sleeping core's sleep is accounted. Of a core that ran ahead of
  // `now` the counters are those of its own clock.
  CoreStatistics statistics(Cycle now) const;
  const RegionLog &regions() const { return regions_; }
  // Appends all that decides what the core does next, except time: program counter, registers,
  // hardware loops, control registers that are no counters.
  void architectural_state(std::vector<std::uint32_t> *state) const;
  // Whether a counter was read since the last call.
  bool take_time_read();
  // Control and status registers, for a debugger. False: there is none of that number.
  bool read_csr(unsigned number, std::uint32_t *value) const;

 private:
  void update_observed();

  // How execution came to the next instruction, if it is not under way already.
  enum class Arrival : std::uint8_t {
    kFallenThrough,  // from the instruction before it
    kJumped,
    kLineFetched,  // the (first) cache line is there
    kExecuting,
  };

  // An access that crosses a word: how far it has come.
  struct SplitAccess {
    unsigned bytes_done = 0;
    std::uint32_t value = 0;
  };

  static constexpr Address kNoLine = 1;  // lines have even addresses

  struct HardwareLoop {
    Address begin = 0;
    Address end = 0;
    std::uint32_t count = 0;
    // Resolved while `count` is not zero.
    Instruction *first = nullptr;
    Instruction *behind = nullptr;
    int back_edge_stall = 0;
  };

  Cycle run(Cycle now, Cycle limit);
  Address address_of(const Instruction *entry) const {
    return region_begin_ + static_cast<Address>(2 * (entry - region_first_));
  }
  // The entry of an address, whose region becomes the present one. Throws Fault.
  Instruction *enter(Address address);
  // Goes to where a debugger has set the program counter.
  void take_registers();
  // Whether the line is there; else it is fetched, or the core has to come back at clock_.
  bool fetch_line(Address address, Cycle limit);
  // Compressed instructions are counted by the length of straight runs: up to a jump, from its
  // target on.
  void account_run(const Instruction *end) { bytes_executed_ += bytes_between(run_begin_, end); }
  void begin_run(const Instruction *begin) { run_begin_ = begin; }
  static std::uint64_t bytes_between(const Instruction *begin, const Instruction *end) {
    return 2 * static_cast<std::uint64_t>(end - begin);
  }

  // Whether the access is complete; else the core comes back at clock_. What the access of the
  // instruction at `ip_` yields, zero-extended, goes to `split_.value`.
  bool access_outside(Address address, unsigned size, bool is_store, std::uint32_t value);
  // The same for a part that lies in one word; loads set `value`.
  bool access_piece(Address address, unsigned size, bool is_store, std::uint32_t *value);
  bool event_load(Address address, unsigned rd);

  void set_up_loop(const Instruction &instruction);
  void resolve_loop(unsigned number);
  void mark_region(const Instruction &instruction);
  std::uint32_t access_csr(const Instruction &instruction, std::uint32_t operand);
  // False: there is none of that number, or it cannot be written.
  bool write_csr(unsigned number, std::uint32_t value);
  unsigned rounding_mode(const Instruction &instruction) const;
  [[noreturn]] void fault(FaultKind kind, Address address, const std::string &detail) const;
  [[noreturn]] void illegal_instruction(const Instruction &instruction) const;

  // Hot: what every instruction uses.
  Registers registers_;
  Instruction *ip_ = nullptr;
  const Instruction *step_over_ = nullptr;  // the breakpoint to pass
  Cycle clock_ = 0;
  CodeRegion *region_ = nullptr;
  Instruction *region_first_ = nullptr;
  Address region_begin_ = 0;
  std::uint32_t region_size_ = 0;
  Arrival arrival_ = Arrival::kJumped;
  bool visible_ = false;  // the access just done may have woken others
  bool asleep_ = false;
  bool observed_ = false;  // returns after every instruction: for any of the next three
  bool run_ahead_ = true;
  bool instruction_trace_ = false;
  bool single_step_ = false;
  bool announced_ = false;  // the instruction under way has been traced
  bool registers_exposed_ = false;
  bool cache_on_ = true;
  std::uint8_t wake_register_ = 0;  // of the event load that sleeps

  Tcdm *tcdm_;
  std::uint8_t *l1_data_ = nullptr;
  Address l1_base_ = 0;
  std::uint32_t l1_size_ = 0;
  Address guard_begin_ = 0;
  std::uint32_t guard_size_ = 0;
  Bus *bus_;
  CodeImage *code_;
  RoundRobinPort *floating_point_unit_;
  DivisionUnit *division_unit_;
  InstructionRefill *refill_;
  Observer *observer_;
  CoreIndex index_;
  std::uint32_t hart_id_;
  CoreDescription timing_;

  HardwareLoop loops_[2];
  SplitAccess split_;
  CoreStatistics counters_;  // `instructions`, `compressed` are derived
  const Instruction *run_begin_ = nullptr;
  std::uint64_t bytes_executed_ = 0;  // up to run_begin_
  Cycle sleeps_since_ = 0;

  CacheDirectory cache_;
  Address line_mask_;
  Address current_line_ = kNoLine;  // address of the line that is executed

  // Control and status registers.
  std::uint32_t fflags_ = 0;
  std::uint32_t frm_ = 0;
  std::uint32_t mstatus_ = 0x1800;
  std::uint32_t mtvec_ = 1;
  std::uint32_t mepc_ = 0;
  std::uint32_t mcause_ = 0;
  std::uint32_t mtval_ = 0;
  std::uint32_t mscratch_ = 0;
  std::uint32_t mie_ = 0;
  std::uint32_t mcountinhibit_ = 0;
  std::uint64_t cycle_offset_ = 0;
  std::uint64_t instruction_offset_ = 0;
  PerformanceCounters performance_counters_;
  bool time_read_ = false;

  RegionLog regions_;
  StopRequest stop_ = nullptr;
  void *stop_context_ = nullptr;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_CORE_H_
