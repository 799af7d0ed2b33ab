#include "tilewright/counter.h"

/* A 64-bit counter in two control and status registers: the low half may wrap between the two reads
 * of the high half. */
#define READ_COUNTER(low_name, high_name, result)                 \
  do {                                                            \
    uint32_t high;                                                \
    uint32_t low;                                                 \
    uint32_t high_again;                                          \
    do {                                                          \
      __asm__ volatile("csrr %0, " high_name : "=r"(high));       \
      __asm__ volatile("csrr %0, " low_name : "=r"(low));         \
      __asm__ volatile("csrr %0, " high_name : "=r"(high_again)); \
    } while (high != high_again);                                 \
    (result) = (uint64_t)high << 32 | low;                        \
  } while (0)

uint64_t tw_instructions(void) {
  uint64_t instructions;
  READ_COUNTER("minstret", "minstreth", instructions);
  return instructions;
}

/* Weak: a simulator without a notion of time has a definition of its own. */
__attribute__((weak)) uint64_t tw_cycles(void) {
  uint64_t cycles;
  READ_COUNTER("mcycle", "mcycleh", cycles);
  return cycles;
}
