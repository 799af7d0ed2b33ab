// The timer's counters and when they raise events.
#include "platforms/simulator/devices/timer.h"

#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

struct Raised {
  int event;
  Cycle at;
};

class Events : public EventSink {
 public:
  void raise(CoreIndex, int, Cycle) override { CHECK(false); }
  void raise_all(int event, Cycle now) override { raised.push_back({event, now}); }
  std::vector<Raised> raised;
};

struct Bench {
  Bench() : timer(&events, &scheduler) { timer.set_agent(scheduler.add(&timer)); }
  void store(std::uint32_t offset, std::uint32_t value) {
    timer.store(0, offset, value, scheduler.now());
  }
  std::uint32_t load(std::uint32_t offset) { return timer.load(0, offset, scheduler.now()).value; }
  void run_to(Cycle cycle) {
    scheduler.run_until(cycle);
    // Without agents time stands still.
    if (scheduler.now() < cycle) {
      scheduler.wake(scheduler.add(&idle), cycle);
      scheduler.run_until(cycle);
    }
  }
  void raised(std::vector<Cycle> cycles, int event) {
    CHECK_EQUAL(events.raised.size(), cycles.size());
    for (std::size_t i = 0; i < cycles.size() && i < events.raised.size(); ++i) {
      CHECK_EQUAL(events.raised[i].at, cycles[i]);
      CHECK_EQUAL(events.raised[i].event, event);
    }
    events.raised.clear();
  }

  class Idle : public Agent {
    Cycle step(Cycle, Cycle) override { return kNever; }
  };
  Idle idle;
  Events events;
  Scheduler scheduler;
  Timer timer;
};

void check_counting() {
  Bench b;
  b.run_to(10);
  b.store(0x00, 1);
  b.run_to(35);
  CHECK_EQUAL(b.load(0x08), 25u);
  CHECK_EQUAL(b.load(0x0c), 0u);
  b.store(0x00, 0);
  b.run_to(50);
  CHECK_EQUAL(b.load(0x08), 25u);
  b.store(0x18, 1);
  b.run_to(60);
  CHECK_EQUAL(b.load(0x08), 35u);
  b.store(0x20, 1);
  CHECK_EQUAL(b.load(0x08), 0u);
  CHECK(!b.timer.pending());
  CHECK_THROWS(b.store(0x00, 1u << 6), Fault,
               error.detail.find("not modelled") != std::string::npos);
}

void check_events() {
  Bench periodic;
  periodic.store(0x14, 9);
  periodic.store(0x04, 1 | 2 | 4 | 1u << 4);
  CHECK(periodic.timer.pending());
  periodic.run_to(45);
  periodic.raised({9, 19, 29, 39}, kEventTimerHigh);
  CHECK_EQUAL(periodic.load(0x0c), 5u);

  Bench once;
  once.store(0x10, 100);
  once.store(0x00, 1 | 4 | 1u << 5);
  once.run_to(500);
  once.raised({100}, kEventTimerLow);
  CHECK_EQUAL(once.load(0x08), 100u);
  CHECK_EQUAL(once.load(0x00) & 1u, 0u);
  CHECK(!once.timer.pending());
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  check_counting();
  check_events();
  return check::result();
}
