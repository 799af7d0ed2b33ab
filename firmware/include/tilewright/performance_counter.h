/* Counters of what a CORE-V core does, 32 bits each, which wrap around. Of the core that calls. */
#ifndef TILEWRIGHT_PERFORMANCE_COUNTER_H_
#define TILEWRIGHT_PERFORMANCE_COUNTER_H_

#include <stdint.h>

typedef enum {
  TW_COUNTER_CYCLES = 0,
  TW_COUNTER_INSTRUCTIONS = 1,
  TW_COUNTER_LOAD_STALLS = 2,
  TW_COUNTER_JUMP_REGISTER_STALLS = 3,
  TW_COUNTER_INSTRUCTION_CACHE_MISSES = 4,
  TW_COUNTER_LOADS = 5,
  TW_COUNTER_STORES = 6,
  TW_COUNTER_JUMPS = 7,
  TW_COUNTER_BRANCHES = 8,
  TW_COUNTER_TAKEN_BRANCHES = 9,
  TW_COUNTER_COMPRESSED = 10,
  TW_COUNTER_EVENT_LOADS = 11,
} tw_performance_counter;

#define TW_PERFORMANCE_COUNTERS 12

/* Sets all counters to 0 and lets them count. */
void tw_performance_start(void);

/* Stops all counters. */
void tw_performance_stop(void);

/* The value of one. */
uint32_t tw_performance_read(tw_performance_counter counter);

#endif /* TILEWRIGHT_PERFORMANCE_COUNTER_H_ */
