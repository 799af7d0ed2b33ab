#include "tilewright/counter.h"

uint64_t tw_instructions(void) {
  uint32_t high;
  uint32_t low;
  uint32_t high_again;
  do { /* the low half may wrap between the two reads of the high half */
    __asm__ volatile("rdinstreth %0" : "=r"(high));
    __asm__ volatile("rdinstret %0" : "=r"(low));
    __asm__ volatile("rdinstreth %0" : "=r"(high_again));
  } while (high != high_again);
  return (uint64_t)high << 32 | low;
}
