// Transfers of a table, each from a source region that holds a pattern to a destination region that
// was filled with another one. A hash of all of the destination region, what lies around the
// operand included, is what the test compares with its own model. Core i makes transfers i, i + 8,
// and so on, at the same time as all others.
#include "tests/simulator/stress/stress.h"

enum { kCores = 8, kRegionWords = 128, kRegionBytes = 4 * kRegionWords };

struct transfer {
  uint32_t command;  // without addresses: length, direction, 2D
  uint32_t l1_offset;
  uint32_t external_offset;
  uint32_t line;
  uint32_t stride;
};

extern const struct transfer transfers[TRANSFERS];

RESULTS(TRANSFERS);

__attribute__((section(".l1"), aligned(64))) static volatile uint32_t l1[kCores][kRegionWords] = {0};

static uint32_t pattern(uint32_t word, uint32_t salt) { return (word + salt) * 0x9e3779b1u; }

static void fill(volatile uint32_t *region, uint32_t salt) {
  for (uint32_t i = 0; i < kRegionWords; ++i) {
    region[i] = pattern(i, salt);
  }
}

static uint32_t hash(volatile uint32_t *region) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < kRegionWords; ++i) {
    value = (value ^ region[i]) * 0x01000193u;
  }
  return value;
}

void run(uint32_t core) {
  volatile uint32_t *const external = at(EXTERNAL + core * kRegionBytes);
  const uint32_t l1_address = (uint32_t)(uintptr_t)l1[core];
  const uint32_t external_address = EXTERNAL + core * kRegionBytes;
  for (uint32_t i = core; i < TRANSFERS; i += kCores) {
    const struct transfer *const t = &transfers[i];
    const uint32_t to_l1 = t->command >> 17 & 1u;
    volatile uint32_t *const destination = to_l1 ? l1[core] : external;
    fill(destination, 1);
    fill(to_l1 ? external : l1[core], 1000);
    const uint32_t counter = read_word(TW_DMA);
    write_word(TW_DMA, t->command);
    write_word(TW_DMA, l1_address + t->l1_offset);
    write_word(TW_DMA, external_address + t->external_offset);
    if ((t->command >> 19 & 1u) != 0) {
      write_word(TW_DMA, t->line);
      write_word(TW_DMA, t->stride);
    }
    while ((read_word(TW_DMA + 4) >> counter & 1u) != 0) {
    }
    write_word(TW_DMA + 4, 1u << counter);
    results[i] = hash(destination);
  }
}
