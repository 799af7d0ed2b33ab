#include "platforms/simulator/soc/scheduler.h"

#include <algorithm>
#include <cassert>

namespace tilewright::simulator {

AgentIndex Scheduler::add(Agent *agent) {
  assert(count_ < kMaximumAgents);
  agents_[count_] = agent;
  ++count_;
  turn_ = static_cast<unsigned>(now_ % static_cast<Cycle>(std::max(count_ - 1, 1)));
  return count_ - 1;
}

void Scheduler::insert(AgentIndex agent) {
  const auto bit = static_cast<std::uint16_t>(1u << agent);
  Cycle slot = next_[agent] % kSlots;
  if (next_[agent] - now_ >= kSlots) {
    slot = (now_ + kSlots - 1) % kSlots;
    far_ |= bit;
    far_slot_[agent] = static_cast<std::uint8_t>(slot);
  }
  calendar_[slot] |= bit;
  occupied_ |= std::uint64_t{1} << slot;
}

void Scheduler::remove(AgentIndex agent) {
  const auto bit = static_cast<std::uint16_t>(1u << agent);
  const Cycle slot = (far_ & bit) != 0 ? far_slot_[agent] : next_[agent] % kSlots;
  due_ &= static_cast<std::uint16_t>(~bit);
  far_ &= static_cast<std::uint16_t>(~bit);
  // Without effect if it stands nowhere.
  calendar_[slot] &= static_cast<std::uint16_t>(~bit);
  if (calendar_[slot] == 0) {
    occupied_ &= ~(std::uint64_t{1} << slot);
  }
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
  const unsigned candidates = calendar_[slot];
  calendar_[slot] = 0;
  occupied_ &= ~(std::uint64_t{1} << slot);
  due_ |= static_cast<std::uint16_t>(candidates & ~unsigned{far_});
  for (unsigned rest = candidates & far_; rest != 0; rest &= rest - 1) {
    const AgentIndex agent = __builtin_ctz(rest);
    const auto bit = static_cast<std::uint16_t>(1u << agent);
    far_ &= static_cast<std::uint16_t>(~bit);
    if (next_[agent] == now_) {
      due_ |= bit;
    } else {
      insert(agent);
    }
  }
}

void Scheduler::advance(Cycle to) {
  const auto others = static_cast<unsigned>(std::max(count_ - 1, 1));
  const Cycle turn = turn_ + (to - now_);
  turn_ = static_cast<unsigned>(turn < others ? turn : turn % others);
  now_ = to;
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
      const unsigned rotation = 1 + turn_;
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
      advance(limit);
      return false;
    }
    advance(next);
    gather();
  }
}

}  // namespace tilewright::simulator
