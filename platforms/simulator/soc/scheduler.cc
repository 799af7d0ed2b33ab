#include "platforms/simulator/soc/scheduler.h"

#include <algorithm>
#include <cassert>

namespace tilewright::simulator {

AgentIndex Scheduler::add(Agent *agent) {
  assert(count_ < kMaximumAgents);
  agents_[count_] = agent;
  return count_++;
}

void Scheduler::insert(AgentIndex agent) {
  const Cycle distance = next_[agent] - now_;
  const Cycle slot = (now_ + (distance < kSlots ? distance : kSlots - 1)) % kSlots;
  calendar_[slot] |= static_cast<std::uint16_t>(1u << agent);
  occupied_ |= std::uint64_t{1} << slot;
  slot_[agent] = static_cast<std::int8_t>(slot);
}

void Scheduler::remove(AgentIndex agent) {
  const int slot = slot_[agent];
  const auto bit = static_cast<std::uint16_t>(1u << agent);
  due_ &= static_cast<std::uint16_t>(~bit);
  if (slot < 0) {
    return;
  }
  calendar_[slot] &= static_cast<std::uint16_t>(~bit);
  if (calendar_[slot] == 0) {
    occupied_ &= ~(std::uint64_t{1} << slot);
  }
  slot_[agent] = -1;
}

void Scheduler::wake(AgentIndex agent, Cycle at) {
  assert(at >= now_);
  remove(agent);
  next_[agent] = at;
  if (at == now_) {
    due_ |= static_cast<std::uint16_t>(1u << agent);
  } else {
    insert(agent);
  }
}

void Scheduler::sleep(AgentIndex agent) {
  remove(agent);
  next_[agent] = kNever;
}

Cycle Scheduler::next_occupied() const {
  if (occupied_ == 0) {
    return kNever;
  }
  const Cycle first = (now_ + 1) % kSlots;
  const std::uint64_t rotated =
      first == 0 ? occupied_ : (occupied_ >> first | occupied_ << (kSlots - first));
  return now_ + 1 + static_cast<Cycle>(__builtin_ctzll(rotated));
}

void Scheduler::gather() {
  const Cycle slot = now_ % kSlots;
  unsigned candidates = calendar_[slot];
  calendar_[slot] = 0;
  occupied_ &= ~(std::uint64_t{1} << slot);
  while (candidates != 0) {
    const AgentIndex agent = __builtin_ctz(candidates);
    candidates &= candidates - 1;
    slot_[agent] = -1;
    if (next_[agent] == now_) {
      due_ |= static_cast<std::uint16_t>(1u << agent);
    } else {
      insert(agent);
    }
  }
}

bool Scheduler::run_until(Cycle limit) {
  stop_requested_ = false;
  if (now_ >= limit) {
    return false;
  }
  gather();  // those of a cycle that was the limit before
  for (;;) {
    while (due_ != 0) {
      // The first agent, then the others from one that moves on every cycle.
      const unsigned others = count_ > 1 ? static_cast<unsigned>(count_ - 1) : 1;
      const unsigned rotation = 1 + static_cast<unsigned>(now_ % others);
      const unsigned turned = (due_ & 1u) != 0 ? 1u : (due_ >> rotation) << rotation;
      const AgentIndex agent = __builtin_ctz(turned != 0 ? turned : due_);
      const auto bit = static_cast<std::uint16_t>(1u << agent);
      due_ &= static_cast<std::uint16_t>(~bit);
      acting_ = agent;
      Cycle next = now_;
      try {
        next = agents_[agent]->step(now_, due_ != 0 ? now_ : std::min(next_occupied(), limit));
      } catch (...) {
        due_ |= bit;
        throw;
      }
      assert(next > now_);
      next_[agent] = next;
      if (next != kNever) {
        insert(agent);
      }
      if (stop_requested_) {
        return false;
      }
    }
    const Cycle next = next_occupied();
    if (next == kNever) {
      return true;
    }
    if (next >= limit) {
      // Entries keep their slots: none stands for a cycle before the limit.
      now_ = limit;
      return false;
    }
    now_ = next;
    gather();
  }
}

}  // namespace tilewright::simulator
