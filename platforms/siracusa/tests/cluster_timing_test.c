/* What starting and synchronising the workers costs, once code is in the caches. */
#include "tilewright/cluster.h"
#include "tilewright/console.h"
#include "tilewright/performance_counter.h"

#define REPEATS 4

static void nothing(void *argument, uint32_t core, uint32_t cores) {
  (void)argument;
  (void)core;
  (void)cores;
}

static void print(const char *what, uint32_t cycles) {
  tw_console_text(what);
  tw_console_text(": ");
  tw_console_unsigned(cycles);
  tw_console_text("\n");
}

static uint32_t now(void) { return tw_performance_read(TW_COUNTER_CYCLES); }

/* Between two reads of the counter, without what the read itself costs. */
static uint32_t overhead(void) {
  const uint32_t before = now();
  return now() - before;
}

static void barriers(void *argument, uint32_t core, uint32_t cores) {
  (void)cores;
  tw_performance_start();
  uint32_t cycles = 0;
  for (uint32_t i = 0; i < REPEATS; ++i) {
    tw_cluster_barrier();
    const uint32_t before = now();
    tw_cluster_barrier();
    cycles = now() - before;
  }
  if (core == 0) {
    *(volatile uint32_t *)argument = cycles - overhead();
  }
}

TW_L1 static volatile uint32_t barrier_cycles;

static void control(void *argument) {
  (void)argument;
  tw_performance_start();
  uint32_t fork_join = 0;
  for (uint32_t i = 0; i < REPEATS; ++i) {
    const uint32_t before = now();
    tw_cluster_fork_join(nothing, 0, 8);
    fork_join = now() - before;
  }
  print("fork and join, with the call", fork_join - overhead());
  tw_cluster_fork_join(barriers, (void *)&barrier_cycles, 8);
  print("barrier, with the call", barrier_cycles);
}

int main(void) {
  tw_cluster_run(control, 0);
  return 0;
}
