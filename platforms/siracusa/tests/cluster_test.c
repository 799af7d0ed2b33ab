/* Teams of every size, barriers, the mutex, and what start-up promises. */
#include "tilewright/cluster.h"

#include "tilewright/console.h"
#include "tilewright/exit.h"

#define ROUNDS 50

TW_L1 static volatile uint32_t zeroed[64];
TW_L1_BUFFER static volatile uint32_t seen[8];
TW_L1_BUFFER static volatile uint32_t round_of[8];
TW_L1_BUFFER static volatile uint32_t shared;
static volatile uint32_t calls;
static uint32_t initialised = 0x12345678;

static void mark(void *argument, uint32_t core, uint32_t cores) {
  TW_ASSERT(core == tw_cluster_core());
  TW_ASSERT(argument == &shared);
  seen[core] = cores;
}

static void teams(void) {
  /* Downwards and upwards: a team of a new size is set up each time, of an old one is not. */
  for (uint32_t step = 0; step < 32; ++step) {
    const uint32_t cores = step < 16 ? 8 - step / 2 : (step - 16) / 2 + 1;
    for (uint32_t core = 0; core < 8; ++core) {
      seen[core] = 0;
    }
    tw_cluster_fork_join(mark, (void *)&shared, cores);
    for (uint32_t core = 0; core < 8; ++core) {
      TW_ASSERT(seen[core] == (core < cores ? cores : 0));
    }
  }
}

/* Cores are late by different times; nobody leaves a barrier before all have come. */
static void meet(void *argument, uint32_t core, uint32_t cores) {
  (void)argument;
  for (uint32_t round = 1; round <= ROUNDS; ++round) {
    for (uint32_t delay = (core * 7 + round * 5) % 23; delay > 0; --delay) {
      __asm__ volatile("nop");
    }
    round_of[core] = round;
    tw_cluster_barrier();
    for (uint32_t other = 0; other < cores; ++other) {
      TW_ASSERT(round_of[other] == round);
    }
    tw_cluster_barrier();
  }
}

static void add_under_mutex(void *argument, uint32_t core, uint32_t cores) {
  (void)argument;
  (void)cores;
  for (uint32_t round = 0; round < ROUNDS; ++round) {
    tw_cluster_lock();
    const uint32_t before = shared;
    for (uint32_t delay = core; delay > 0; --delay) {
      __asm__ volatile("nop");
    }
    shared = before + 1;
    tw_cluster_unlock();
  }
}

static void wait_for_flag(void *argument, uint32_t core, uint32_t cores) {
  (void)core;
  (void)cores;
  volatile uint32_t *const flag = argument;
  while (*flag == 0) {
  }
}

static void control(void *argument) {
  TW_ASSERT(*(uint32_t *)argument == 0x12345678);
  TW_ASSERT(tw_cluster_core() == 8);
  for (uint32_t i = 0; i < 64; ++i) {
    TW_ASSERT(zeroed[i] == 0);
  }
  teams();
  tw_cluster_fork_join(meet, 0, 8);
  tw_cluster_fork_join(meet, 0, 3);

  shared = 0;
  tw_cluster_fork_join(add_under_mutex, 0, 8);
  TW_ASSERT(shared == 8 * ROUNDS);

  /* The control core goes on while workers run: here they wait for it. */
  shared = 0;
  tw_cluster_fork(wait_for_flag, (void *)&shared, 5);
  shared = 1;
  tw_cluster_join();
  calls = calls + 1;
}

int main(void) {
  TW_ASSERT(tw_cluster_workers() == 8);
  tw_cluster_run(control, &initialised);
  tw_cluster_run(control, &initialised);
  TW_ASSERT(calls == 2);
  tw_console_text("PASS\n");
  return 0;
}
