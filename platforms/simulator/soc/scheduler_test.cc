// The scheduler against one that looks at every agent in every cycle.
#include "platforms/simulator/soc/scheduler.h"

#include <memory>
#include <random>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

struct Step {
  int agent;
  Cycle cycle;
};

// What an agent does in a step, drawn from a sequence of its own so that it does not depend on the
// scheduler under test: its next cycle, and whom it wakes or puts to sleep.
struct Action {
  Cycle next;  // distance, or kNever
  int other;
  enum { kNothing, kWake, kSleep } effect;
  Cycle delay;
};

Action draw(std::mt19937 &random, int agents) {
  constexpr Cycle kDistances[] = {1, 1, 1, 2, 3, 7, 30, 62, 63, 64, 65, 127, 128, 200, 1000};
  Action action{};
  action.next = random() % 8 == 0 ? kNever : kDistances[random() % 15];
  action.other = static_cast<int>(random() % static_cast<unsigned>(agents));
  const unsigned effect = random() % 10;
  action.effect = effect < 2 ? Action::kWake : (effect == 2 ? Action::kSleep : Action::kNothing);
  action.delay = random() % 3 == 0 ? 0 : kDistances[random() % 15];
  return action;
}

// The obvious way to do it.
class Reference {
 public:
  Reference(int agents, unsigned seed) : next_(static_cast<std::size_t>(agents), kNever) {
    for (int i = 0; i < agents; ++i) {
      random_.emplace_back(seed + static_cast<unsigned>(i));
    }
  }

  void wake(int agent, Cycle at) { next_[static_cast<std::size_t>(agent)] = at; }

  bool run_until(Cycle limit, std::vector<Step> *steps) {
    const int agents = static_cast<int>(next_.size());
    for (; now_ < limit; ++now_) {
      for (;;) {
        const int agent = first_due(agents);
        if (agent < 0) {
          break;
        }
        steps->push_back({agent, now_});
        const Action action = draw(random_[static_cast<std::size_t>(agent)], agents);
        // Until it returns an agent is on no calendar.
        next_[static_cast<std::size_t>(agent)] = kNever;
        if (action.other != agent && action.effect == Action::kWake) {
          wake(action.other, now_ + action.delay);
        } else if (action.other != agent && action.effect == Action::kSleep) {
          next_[static_cast<std::size_t>(action.other)] = kNever;
        }
        next_[static_cast<std::size_t>(agent)] =
            action.next == kNever ? kNever : now_ + action.next;
      }
      bool any = false;
      for (Cycle next : next_) {
        any |= next != kNever;
      }
      if (!any) {
        return true;
      }
    }
    return false;
  }

 private:
  int first_due(int agents) const {
    if (next_[0] == now_) {
      return 0;
    }
    for (int i = 0; i < agents - 1; ++i) {
      const int agent = 1 + static_cast<int>((now_ + static_cast<Cycle>(i)) %
                                             static_cast<Cycle>(agents - 1));
      if (next_[static_cast<std::size_t>(agent)] == now_) {
        return agent;
      }
    }
    return -1;
  }

  Cycle now_ = 0;
  std::vector<Cycle> next_;
  std::vector<std::mt19937> random_;
};

class RandomAgent : public Agent {
 public:
  RandomAgent(int index, int agents, unsigned seed, Scheduler *scheduler, std::vector<Step> *steps)
      : index_(index), agents_(agents), random_(seed), scheduler_(scheduler), steps_(steps) {}

  Cycle step(Cycle now, Cycle horizon) override {
    CHECK_EQUAL(now, scheduler_->now());
    CHECK(horizon >= now);
    steps_->push_back({index_, now});
    const Action action = draw(random_, agents_);
    if (action.other != index_ && action.effect == Action::kWake) {
      scheduler_->wake(action.other, now + action.delay);
    } else if (action.other != index_ && action.effect == Action::kSleep) {
      scheduler_->sleep(action.other);
    }
    return action.next == kNever ? kNever : now + action.next;
  }

 private:
  int index_;
  int agents_;
  std::mt19937 random_;
  Scheduler *scheduler_;
  std::vector<Step> *steps_;
};

void check_against_reference(unsigned seed, int agents) {
  Scheduler scheduler;
  std::vector<Step> steps;
  std::vector<std::unique_ptr<RandomAgent>> all;
  Reference reference(agents, seed);
  for (int i = 0; i < agents; ++i) {
    all.push_back(std::make_unique<RandomAgent>(i, agents, seed + static_cast<unsigned>(i),
                                                &scheduler, &steps));
    CHECK_EQUAL(scheduler.add(all.back().get()), i);
  }
  std::mt19937 random(seed * 31 + 7);
  std::vector<Step> expected;
  Cycle limit = 0;
  for (int run = 0; run < 40; ++run) {
    // Between runs, too, agents are woken; in the cycle of the limit among others.
    for (int i = 0; i < agents; ++i) {
      if (random() % 3 == 0) {
        const Cycle at = limit + random() % 150;
        if (scheduler.now() == limit) {
          scheduler.wake(i, at);
          reference.wake(i, at);
        }
      }
    }
    limit += 1 + random() % 300;
    const bool over = scheduler.run_until(limit);
    CHECK_EQUAL(reference.run_until(limit, &expected), over);
    if (over) {
      break;  // the two clocks differ from here on
    }
    CHECK_EQUAL(scheduler.now(), limit);
  }
  CHECK_EQUAL(steps.size(), expected.size());
  for (std::size_t i = 0; i < steps.size() && i < expected.size(); ++i) {
    if (steps[i].agent != expected[i].agent || steps[i].cycle != expected[i].cycle) {
      CHECK_EQUAL(steps[i].agent, expected[i].agent);
      CHECK_EQUAL(steps[i].cycle, expected[i].cycle);
      break;
    }
  }
}

// Wants to act in every cycle and notes who came first.
class Eager : public Agent {
 public:
  Eager(int index, std::vector<int> *firsts, Cycle *last)
      : index_(index), firsts_(firsts), last_(last) {}
  Cycle step(Cycle now, Cycle) override {
    if (*last_ != now) {
      *last_ = now;
      ++(*firsts_)[static_cast<std::size_t>(index_)];
    }
    return now + 1;
  }

 private:
  int index_;
  std::vector<int> *firsts_;
  Cycle *last_;
};

void check_fairness() {
  Scheduler scheduler;
  std::vector<int> firsts(9, 0);
  Cycle last = kNever;
  std::vector<std::unique_ptr<Eager>> agents;
  for (int i = 0; i < 9; ++i) {
    agents.push_back(std::make_unique<Eager>(i, &firsts, &last));
    scheduler.add(agents.back().get());
    if (i > 0) {
      scheduler.wake(i, 0);  // the first agent sleeps
    }
  }
  scheduler.run_until(8000);
  for (std::size_t i = 1; i < 9; ++i) {
    CHECK_EQUAL(firsts[i], 1000);
  }
  scheduler.wake(0, scheduler.now());
  scheduler.run_until(8100);
  CHECK_EQUAL(firsts[0], 100);
}

class Throwing : public Agent {
 public:
  Cycle step(Cycle now, Cycle) override {
    cycles.push_back(now);
    if (fail) {
      throw 1;
    }
    return now + 100;
  }
  bool fail = true;
  std::vector<Cycle> cycles;
};

void check_exceptions_and_stops() {
  Scheduler scheduler;
  Throwing agent;
  scheduler.add(&agent);
  scheduler.wake(0, 10);
  for (int i = 0; i < 2; ++i) {
    bool thrown = false;
    try {
      scheduler.run_until(1000);
    } catch (int) {
      thrown = true;
    }
    CHECK(thrown);
    CHECK_EQUAL(scheduler.now(), Cycle{10});
    CHECK_EQUAL(scheduler.acting(), 0);
  }
  agent.fail = false;
  CHECK(!scheduler.run_until(10));  // not below the limit
  CHECK_EQUAL(agent.cycles.size(), std::size_t{2});
  CHECK(!scheduler.run_until(300));
  CHECK_EQUAL(agent.cycles.size(), std::size_t{5});
  CHECK_EQUAL(agent.cycles.back(), Cycle{210});
  scheduler.sleep(0);
  CHECK(scheduler.run_until(1000));
}

class Horizon : public Agent {
 public:
  explicit Horizon(Cycle distance) : distance_(distance) {}
  Cycle step(Cycle now, Cycle horizon) override {
    horizons.push_back(horizon);
    return now + distance_;
  }
  std::vector<Cycle> horizons;

 private:
  Cycle distance_;
};

void check_horizon() {
  Scheduler scheduler;
  Horizon near(10);
  Horizon far(25);
  scheduler.add(&near);
  scheduler.add(&far);
  scheduler.wake(0, 0);
  scheduler.wake(1, 5);
  scheduler.run_until(28);
  // At 0, 10 and 20: up to the other one's turn at 5, and at 30, where the limit is nearer.
  CHECK_EQUAL(near.horizons.size(), std::size_t{3});
  CHECK_EQUAL(near.horizons[0], Cycle{5});
  CHECK_EQUAL(near.horizons[1], Cycle{28});
  CHECK_EQUAL(far.horizons[0], Cycle{10});
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  for (unsigned seed = 0; seed < 300; ++seed) {
    check_against_reference(seed * 1000, 2 + static_cast<int>(seed % 15));
  }
  check_fairness();
  check_exceptions_and_stops();
  check_horizon();
  return check::result();
}
