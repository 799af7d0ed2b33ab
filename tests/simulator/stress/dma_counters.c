// Core 0 takes all sixteen counters; every other core's request stalls until one is free. Core 0
// frees them one by one, 1000 cycles apart.
#include "tests/simulator/stress/stress.h"

enum { kCores = 8, kCounters = 16 };

RESULTS(2 * kCores);  // per core: counter, cycles that the request took

void run(uint32_t core) {
  set_event_mask(1u << kEventBarrier);
  set_barrier(0, (1u << kCores) - 1);
  if (core == 0) {
    for (uint32_t i = 0; i < kCounters; ++i) {
      (void)read_word(TW_DMA);
    }
  }
  wait_at_barrier(0);
  if (core == 0) {
    for (uint32_t i = 0; i < kCounters; ++i) {
      spend(1000);
      write_word(TW_DMA + 4, 1u << i);
    }
    return;
  }
  const uint32_t start = cycles();
  results[2 * core] = read_word(TW_DMA);
  results[2 * core + 1] = cycles() - start;
}
