#include "tilewright/performance_counter.h"

#include "tilewright/exit.h"

/* Control and status registers of this family's cores. */
#define PCER "0xcc0"     /* which counters count */
#define PCMR "0xcc1"     /* bit 0: they do */
#define PCCR_ALL "0x79f" /* writes all counters */

#define ALL_COUNTERS ((1u << TW_PERFORMANCE_COUNTERS) - 1)

void tw_performance_start(void) {
  __asm__ volatile("csrw " PCMR ", zero");
  __asm__ volatile("csrw " PCER ", %0" : : "r"(ALL_COUNTERS));
  __asm__ volatile("csrw " PCCR_ALL ", zero");
  __asm__ volatile("csrwi " PCMR ", 1" : : : "memory");
}

void tw_performance_stop(void) { __asm__ volatile("csrw " PCMR ", zero" : : : "memory"); }

/* A register's number is part of the instruction. */
#define READ(counter)                                                     \
  case (counter):                                                         \
    __asm__ volatile("csrr %0, 0x780 + %1" : "=r"(value) : "i"(counter)); \
    return value

uint32_t tw_performance_read(tw_performance_counter counter) {
  uint32_t value;
  switch (counter) {
    READ(TW_COUNTER_CYCLES);
    READ(TW_COUNTER_INSTRUCTIONS);
    READ(TW_COUNTER_LOAD_STALLS);
    READ(TW_COUNTER_JUMP_REGISTER_STALLS);
    READ(TW_COUNTER_INSTRUCTION_CACHE_MISSES);
    READ(TW_COUNTER_LOADS);
    READ(TW_COUNTER_STORES);
    READ(TW_COUNTER_JUMPS);
    READ(TW_COUNTER_BRANCHES);
    READ(TW_COUNTER_TAKEN_BRANCHES);
    READ(TW_COUNTER_COMPRESSED);
    READ(TW_COUNTER_EVENT_LOADS);
  }
  tw_fault("there is no performance counter of that number");
}
