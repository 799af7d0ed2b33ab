// One RV32IMFC core with CORE-V extensions: interpreter and timing.
#ifndef PLATFORMS_SIMULATOR_CORE_CORE_H_
#define PLATFORMS_SIMULATOR_CORE_CORE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/core/code_image.h"
#include "platforms/simulator/core/statistics.h"
#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/memory/bus.h"
#include "platforms/simulator/memory/instruction_cache.h"
#include "platforms/simulator/memory/round_robin_port.h"
#include "platforms/simulator/memory/tcdm.h"
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
  std::array<std::uint32_t, 32> x{};
  std::array<std::uint32_t, 32> f{};
  Address pc = 0;
};

class Core : public Agent {
 public:
  Core(CoreIndex index, std::uint32_t hart_id, const CoreDescription &description,
       const CoreConnections &connections);

  Cycle step(Cycle now, Cycle horizon) override;

  // Starts (or restarts) at an address; the caller wakes the agent.
  void start(Address pc, Cycle at);
  // Ends the sleep of an event load, which yields `value`; the core issues its next instruction at
  // `at`. The caller wakes the agent.
  void wake(std::uint32_t value, Cycle at);
  bool asleep() const;

  // With run-ahead off the core returns to the scheduler after every instruction, so that all cores
  // advance in the order of time; results are the same.
  void set_run_ahead(bool on);
  // Calls Observer::instruction.
  void set_instruction_trace(bool on);

  CoreIndex index() const;
  std::uint32_t hart_id() const;
  Registers &registers();
  // The core's own clock: the cycle of its next instruction.
  Cycle clock() const;
  // All counters up to `now`; a sleeping core's sleep is accounted.
  CoreStatistics statistics(Cycle now) const;
  // Control and status registers, for a debugger. False: there is none of that number.
  bool read_csr(unsigned number, std::uint32_t *value) const;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_CORE_H_
