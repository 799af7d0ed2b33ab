// Eight cores count under one mutex, with random delays inside and outside of the critical section.
// The mutex carries a message, from who unlocks it to who locks it next: the number of lockings.
#include "tests/simulator/stress/stress.h"

enum { kCores = 8, kFree = 0xff };

// Per core: rounds, violations of exclusion, messages that were lost. Then the counter.
RESULTS(3 * kCores + 1);

__attribute__((section(".l1"))) static volatile uint32_t counter = 0;
__attribute__((section(".l1"))) static volatile uint32_t owner = kFree;

void run(uint32_t core) {
  uint32_t random = seed_of(core);
  uint32_t violations = 0;
  uint32_t lost = 0;
  uint32_t rounds = 0;
  set_event_mask(1u << kEventBarrier | 1u << kEventMutex);
  set_barrier(0, (1u << kCores) - 1);
  wait_at_barrier(0);
  for (; rounds < ROUNDS; ++rounds) {
    spend(next_random(&random) >> 26);
    const uint32_t message = lock_mutex();
    violations += owner != kFree;
    owner = core;
    const uint32_t before = counter;
    lost += message != before;
    spend(next_random(&random) >> 28);
    violations += owner != core;
    counter = before + 1;
    owner = kFree;
    unlock_mutex(before + 1);
  }
  results[3 * core] = rounds;
  results[3 * core + 1] = violations;
  results[3 * core + 2] = lost;
  wait_at_barrier(0);
  if (core == 0) {
    results[3 * kCores] = counter;
  }
}
