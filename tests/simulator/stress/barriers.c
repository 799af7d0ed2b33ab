// Barriers with random delays before them. Every core publishes how many barriers it has reached
// and checks behind each one that all others have reached it too.
#include "tests/simulator/stress/stress.h"

enum { kCores = 8 };

RESULTS(2 * kCores);  // per core: barriers passed, violations seen

__attribute__((section(".l1"))) static volatile uint32_t reached[kCores] = {0};

void run(uint32_t core) {
  uint32_t random = seed_of(core);
  uint32_t violations = 0;
  uint32_t passed = 0;
  set_event_mask(1u << kEventBarrier);
  set_barrier(0, (1u << kCores) - 1);
  for (uint32_t round = 1; round <= ROUNDS; ++round) {
    spend(next_random(&random) >> DELAY_SHIFT);
    reached[core] = round;
    wait_at_barrier(0);
    for (uint32_t other = 0; other < kCores; ++other) {
      // One that is faster may stand before the next barrier already, but not behind it.
      const uint32_t ahead = reached[other] - round;
      violations += ahead > 1;
    }
    ++passed;
  }
  results[2 * core] = passed;
  results[2 * core + 1] = violations;
}
