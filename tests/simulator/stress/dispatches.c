// The control core pushes values into the dispatch FIFO at random times for changing teams; workers
// pop them at random times. A barrier ends each round, so that the FIFO never overflows.
#include "tests/simulator/stress/stress.h"

enum { kCores = 9, kControlCore = 8, kLongest = 6 };

RESULTS(2 * kCores);  // per core: values pushed or popped, values that were not the next one

void run(uint32_t core) {
  uint32_t random = seed_of(core);
  uint32_t common = seed_of(100);  // all cores draw the same numbers from it
  uint32_t values = 0;
  uint32_t wrong = 0;
  set_event_mask(1u << kEventBarrier | 1u << kEventDispatch);
  set_barrier(0, (1u << kCores) - 1);
  wait_at_barrier(0);
  for (uint32_t round = 0; round < ROUNDS; ++round) {
    const uint32_t choice = next_random(&common);
    const uint32_t team = (choice & 0xff) | 1u << (choice >> 8 & 7u);  // never empty
    const uint32_t count = 1 + (choice >> 16) % kLongest;
    if (core == kControlCore) {
      write_word(TW_EVENT_UNIT + 0x84, team);
    }
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t value = round << 8 | i;
      if (core == kControlCore) {
        spend(next_random(&random) >> 27);
        write_word(TW_EVENT_UNIT + 0x80, value);
        ++values;
      } else if ((team >> core & 1u) != 0) {
        spend(next_random(&random) >> 27);
        wrong += event_load(0x80) != value;
        ++values;
      }
    }
    wait_at_barrier(0);
  }
  results[2 * core] = values;
  results[2 * core + 1] = wrong;
}
