/* A cluster of cores that work together on data in their L1 memory.
 *
 * The fabric controller runs main(); tw_cluster_run makes the cluster's control core run a
 * function, which forks others onto the workers:
 *
 *     static void scale(void *argument, uint32_t core, uint32_t cores) { ... }
 *     static void work(void *argument) { tw_cluster_fork_join(scale, argument, 8); }
 *     int main(void) { tw_cluster_run(work, &data); ... }
 */
#ifndef TILEWRIGHT_CLUSTER_H_
#define TILEWRIGHT_CLUSTER_H_

#include <stdint.h>

/* Objects in L1. They have no initial value, or start as zeroes each time the program starts: */
#define TW_L1_BUFFER __attribute__((section(".bss.l1_buffer")))
#define TW_L1 __attribute__((section(".bss.l1")))

/* What workers run: `core` is 0 to `cores` - 1. It returns before the join. */
typedef void (*tw_cluster_function)(void *argument, uint32_t core, uint32_t cores);

/* How many workers there are. */
uint32_t tw_cluster_workers(void);

/* For the fabric controller: runs `function` on the control core and returns when it has returned.
 * The first call starts the cluster. */
void tw_cluster_run(void (*function)(void *argument), void *argument);

/* For the control core: workers 0 to `cores` - 1 run `function`; returns at once. One team at a
 * time: every fork is followed by a join. */
void tw_cluster_fork(tw_cluster_function function, void *argument, uint32_t cores);

/* For the control core: sleeps until all workers of the team have returned. What they have written
 * is visible then. */
void tw_cluster_join(void);

/* Both: the shortest way to run a function on all cores. */
void tw_cluster_fork_join(tw_cluster_function function, void *argument, uint32_t cores);

/* For workers of a team: sleeps until all of the team are here. */
void tw_cluster_barrier(void);

/* A mutex of the cluster, number 0: sleeps until it is the caller's. Not recursive. */
void tw_cluster_lock(void);
void tw_cluster_unlock(void);

/* The core that calls, as the hardware numbers it: workers from 0, then the control core. */
static inline uint32_t tw_cluster_core(void) {
  uint32_t hart;
  __asm__("csrr %0, mhartid" : "=r"(hart));
  return hart & 31;
}

#endif /* TILEWRIGHT_CLUSTER_H_ */
