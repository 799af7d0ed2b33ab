// More commands than the queues hold: every core issues COMMANDS transfers without waiting, under
// one counter, while its own queue holds two and the global one eight. Transfer i overwrites all but
// eight bytes of what transfer i - 1 wrote, so the result tells whether all came, in order.
#include "tests/simulator/stress/stress.h"

enum { kCores = 8, kStep = 8, kLength = 64, kBytes = COMMANDS * kStep + kLength };

// Per core: wrong bytes after transfers to L1, and from L1; sum of the cycles that issuing took.
RESULTS(3 * kCores);

__attribute__((section(".l1"), aligned(64))) static volatile uint8_t l1[kCores][kBytes] = {0};
__attribute__((section(".l1"), aligned(64))) static volatile uint8_t sources[kCores][kLength] = {0};

static volatile uint8_t *external(uint32_t core, uint32_t slot) {
  return (volatile uint8_t *)(uintptr_t)(0x1c100000u + core * 0x10000u + slot * kLength);
}

static uint8_t value_of(uint32_t core, uint32_t slot, uint32_t byte) {
  return (uint8_t)(core * 31 + slot * 7 + byte * 3);
}

static void command(uint32_t to_l1, volatile uint8_t *inside, volatile uint8_t *outside) {
  write_word(TW_DMA, kLength | to_l1 << 17 | 1u << 18);
  write_word(TW_DMA, (uint32_t)(uintptr_t)inside);
  write_word(TW_DMA, (uint32_t)(uintptr_t)outside);
}

static void wait_and_free(uint32_t counter) {
  while ((read_word(TW_DMA + 4) >> counter & 1u) != 0) {
  }
  write_word(TW_DMA + 4, 1u << counter);
}

// Wrong bytes of `area`: byte j was last written by transfer j / 8, or the last one of all.
static uint32_t wrong_bytes(uint32_t core, volatile uint8_t *area, uint32_t fixed_slot) {
  uint32_t wrong = 0;
  for (uint32_t j = 0; j < (COMMANDS - 1) * kStep + kLength; ++j) {
    const uint32_t last = j / kStep < COMMANDS - 1 ? j / kStep : COMMANDS - 1;
    const uint32_t slot = fixed_slot != 0 ? fixed_slot : last;
    wrong += area[j] != value_of(core, slot, j - last * kStep);
  }
  return wrong;
}

void run(uint32_t core) {
  for (uint32_t slot = 0; slot < COMMANDS; ++slot) {
    for (uint32_t byte = 0; byte < kLength; ++byte) {
      external(core, slot)[byte] = value_of(core, slot, byte);
    }
  }
  for (uint32_t byte = 0; byte < kLength; ++byte) {
    sources[core][byte] = value_of(core, 99, byte);
  }
  set_event_mask(1u << kEventBarrier);
  set_barrier(0, (1u << kCores) - 1);
  wait_at_barrier(0);

  uint32_t counter = read_word(TW_DMA);
  const uint32_t start = cycles();
  for (uint32_t i = 0; i < COMMANDS; ++i) {
    command(1, &l1[core][i * kStep], external(core, i));
  }
  results[3 * core + 2] = cycles() - start;
  wait_and_free(counter);
  results[3 * core] = wrong_bytes(core, l1[core], 0);
  wait_at_barrier(0);

  // The other direction: overlapping ranges of L2 from one source that changes in between.
  volatile uint8_t *const area = external(core, COMMANDS);
  counter = read_word(TW_DMA);
  for (uint32_t i = 0; i < COMMANDS; ++i) {
    command(0, sources[core], area + i * kStep);
  }
  wait_and_free(counter);
  results[3 * core + 1] = wrong_bytes(core, area, 99);
}
