// Pairs of cores play ping-pong with software events. One side's delay before sending, the other
// side's before waiting, and the event's number vary; a lost event would leave both asleep for
// ever. The partner counts what it got.
#include "tests/simulator/stress/stress.h"

enum { kCores = 8, kEvents = 8 };

RESULTS(2 * kCores);  // per core: events received, surprises

void run(uint32_t core) {
  const uint32_t partner = core ^ 1u;
  uint32_t random = seed_of(core);
  uint32_t common = seed_of(core >> 1);  // both sides draw the same numbers from it
  uint32_t received = 0;
  uint32_t surprises = 0;
  set_event_mask(1u << kEventBarrier);
  set_barrier(0, (1u << kCores) - 1);
  wait_at_barrier(0);
  set_event_mask((1u << kEvents) - 1);
  for (uint32_t round = 0; round < ROUNDS; ++round) {
    const uint32_t event = next_random(&common) & (kEvents - 1);
    const uint32_t trigger = TW_EVENT_UNIT + 0x100 + 4 * event;
    for (uint32_t turn = 0; turn < 2; ++turn) {
      spend(next_random(&random) >> 27);
      if ((core & 1u) == turn) {
        write_word(trigger, 1u << partner);
      } else {
        const uint32_t events = event_load(0x3c);
        ++received;
        surprises += events != 1u << event;
      }
    }
  }
  results[2 * core] = received;
  results[2 * core + 1] = surprises;
}
