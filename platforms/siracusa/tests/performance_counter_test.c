/* Counts of a known piece of code. */
#include "tilewright/performance_counter.h"

#include "tilewright/cluster.h"
#include "tilewright/console.h"
#include "tilewright/counter.h"
#include "tilewright/exit.h"
#include "tilewright/region.h"

TW_L1_BUFFER static uint32_t words[4];

/* 10 iterations of: 1 load, 1 stall for its use, 1 store, 5 instructions, 1 branch. */
static __attribute__((noinline)) void counted(void) {
  uint32_t iterations = 10;
  uint32_t value;
  __asm__ volatile(
      ".balign 16\n"
      ".option push\n"
      ".option norvc\n"
      "1: lw %[value], 0(%[words])\n"
      "addi %[value], %[value], 1\n"
      "sw %[value], 4(%[words])\n"
      "addi %[iterations], %[iterations], -1\n"
      "bnez %[iterations], 1b\n"
      ".option pop\n"
      : [value] "=&r"(value), [iterations] "+r"(iterations)
      : [words] "r"(words)
      : "memory");
}

static void control(void *argument) {
  (void)argument;
  uint32_t with[TW_PERFORMANCE_COUNTERS];
  uint32_t without[TW_PERFORMANCE_COUNTERS];
  for (uint32_t repeat = 0; repeat < 3; ++repeat) { /* later on code is in the caches */
    tw_performance_start();
    tw_region_begin("counted");
    counted();
    tw_region_end();
    tw_performance_stop();
    for (uint32_t i = 0; i < TW_PERFORMANCE_COUNTERS; ++i) {
      with[i] = tw_performance_read((tw_performance_counter)i);
    }
    tw_performance_start();
    tw_performance_stop();
    for (uint32_t i = 0; i < TW_PERFORMANCE_COUNTERS; ++i) {
      without[i] = tw_performance_read((tw_performance_counter)i);
    }
  }
  TW_ASSERT(with[TW_COUNTER_LOADS] - without[TW_COUNTER_LOADS] == 10);
  TW_ASSERT(with[TW_COUNTER_STORES] - without[TW_COUNTER_STORES] == 10);
  TW_ASSERT(with[TW_COUNTER_BRANCHES] - without[TW_COUNTER_BRANCHES] == 10);
  TW_ASSERT(with[TW_COUNTER_TAKEN_BRANCHES] - without[TW_COUNTER_TAKEN_BRANCHES] == 9);
  TW_ASSERT(with[TW_COUNTER_LOAD_STALLS] - without[TW_COUNTER_LOAD_STALLS] == 10);
  TW_ASSERT(with[TW_COUNTER_EVENT_LOADS] == without[TW_COUNTER_EVENT_LOADS]);
  /* What is around the loop: constants, the call, the markers. */
  const uint32_t instructions = with[TW_COUNTER_INSTRUCTIONS] - without[TW_COUNTER_INSTRUCTIONS];
  TW_ASSERT(instructions >= 50 && instructions < 70);
  /* Every cycle is accounted for. A taken branch costs 2 more, a jump 1; a line that the core's
   * own cache misses costs 2 from the shared cache, 18 from L2. */
  const uint32_t cycles = with[TW_COUNTER_CYCLES] - without[TW_COUNTER_CYCLES];
  const uint32_t jumps = with[TW_COUNTER_JUMPS] - without[TW_COUNTER_JUMPS];
  const uint32_t misses = with[TW_COUNTER_INSTRUCTION_CACHE_MISSES];
  const uint32_t without_misses = instructions + 10 + 9 * 2 + jumps;
  TW_ASSERT(cycles >= without_misses + 2 * misses);
  TW_ASSERT(cycles <= without_misses + 18 * misses);
  /* Stopped counters stand still. */
  TW_ASSERT(tw_performance_read(TW_COUNTER_CYCLES) == without[TW_COUNTER_CYCLES]);
}

int main(void) {
  const uint64_t before = tw_cycles();
  tw_cluster_run(control, 0);
  TW_ASSERT(tw_cycles() > before);
  tw_console_text("PASS\n");
  return 0;
}
