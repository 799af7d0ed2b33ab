// Simulated time: who acts in which cycle, in an order that depends on nothing but the model.
#ifndef PLATFORMS_SIMULATOR_SOC_SCHEDULER_H_
#define PLATFORMS_SIMULATOR_SOC_SCHEDULER_H_

#include <array>
#include <cstdint>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Something that acts in cycles of its own choosing: a core, a DMA direction, the accelerator.
class Agent {
 public:
  virtual ~Agent() = default;

  // Acts at cycle `now`.
  //
  // What other agents can see or disturb (memory, shared units, devices) may be touched only at
  // `now` and, by an agent that runs ahead, at later cycles below `horizon`: up to there no other
  // agent acts. What is the agent's own may be computed as far ahead as it likes.
  //
  // Returns the next cycle at which it wants to act, later than `now`, or kNever to sleep until
  // somebody calls Scheduler::wake.
  virtual Cycle step(Cycle now, Cycle horizon) = 0;
};

// Index of an agent, and its rank among those that act in the same cycle.
using AgentIndex = int;

// Calls agents in the order of time.
//
// Within a cycle the first agent (the accelerator) goes first; the order of the others rotates by
// one every cycle, so that nobody always wins where two ask for the same thing for the first time.
// Simulating a sleeping agent costs nothing, and cycles without agents are skipped.
class Scheduler {
 public:
  static constexpr int kMaximumAgents = 16;

  // Adds an agent, asleep. The first one added has the highest priority in every cycle. The
  // scheduler does not own it.
  AgentIndex add(Agent *agent);

  // Makes a sleeping or waiting agent act at `at`, which is not in the past. An agent must not
  // wake itself from within step: it returns its next cycle.
  void wake(AgentIndex agent, Cycle at);

  // Takes an agent off the calendar until somebody wakes it.
  void sleep(AgentIndex agent);

  // The cycle at which the agent acts next, or kNever.
  Cycle next_cycle(AgentIndex agent) const { return next_[agent]; }

  Cycle now() const { return now_; }

  // Runs all cycles below `limit`, or until request_stop was called. Returns true if no agent wants
  // to act any more: nothing will ever happen again. May be called again, with agents that acted in
  // the last cycle not acting in it twice.
  //
  // If step throws, its agent stays due in this cycle (and `acting` tells which one it is).
  bool run_until(Cycle limit);

  // The agent whose step is, or was last, called; -1 before the first.
  AgentIndex acting() const { return acting_; }

  // Makes run_until return after the agent that acts now.
  void request_stop() { stop_requested_ = true; }
  bool stop_requested() const { return stop_requested_; }

 private:
  static constexpr Cycle kSlots = 64;

  void insert(AgentIndex agent);
  void remove(AgentIndex agent);
  // Moves the agents that stand in the calendar's entry for `now_` on: to those due, or further.
  void gather();
  void advance(Cycle to);
  // First cycle after `now_` that has an entry in the calendar, or kNever.
  Cycle next_occupied() const;

  Cycle now_ = 0;
  bool stop_requested_ = false;
  int count_ = 0;
  AgentIndex acting_ = -1;
  unsigned turn_ = 0;  // `now_` modulo the number of agents but the first
  std::array<Agent *, kMaximumAgents> agents_{};
  std::array<Cycle, kMaximumAgents> next_ = never();
  // A calendar of the next 64 cycles: entry c % 64 is the set of agents to look at in cycle c.
  // Agents that act later stand in the last one and are moved on from there.
  std::array<std::uint16_t, kSlots> calendar_{};
  std::uint16_t far_ = 0;  // those that act later
  std::array<std::uint8_t, kMaximumAgents> far_slot_{};
  std::uint64_t occupied_ = 0;  // bit i: calendar_[i] is not empty
  std::uint16_t due_ = 0;       // agents still to act in this cycle

  static std::array<Cycle, kMaximumAgents> never() {
    std::array<Cycle, kMaximumAgents> all;
    all.fill(kNever);
    return all;
  }
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_SCHEDULER_H_
