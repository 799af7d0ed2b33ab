/* Eight cores add to one counter. Without the mutex, two of them could read the same value, and one
 * of the two additions would be lost. */
#include "tilewright/cluster.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"

#define ROUNDS 100

/* In L1, which all cores of the cluster reach in one cycle. volatile: every addition is a load and
 * a store, as between two cores it has to be. */
TW_L1 static volatile uint32_t protected_counter;
TW_L1 static volatile uint32_t racy_counter;

static void count(void *argument, uint32_t core, uint32_t cores) {
  (void)argument;
  (void)core;
  (void)cores;
  for (uint32_t round = 0; round < ROUNDS; ++round) {
    tw_cluster_lock();
    protected_counter = protected_counter + 1;
    tw_cluster_unlock();
  }
  for (uint32_t round = 0; round < ROUNDS; ++round) {
    racy_counter = racy_counter + 1;
  }
}

static void control(void *argument) {
  (void)argument;
  tw_cluster_fork_join(count, 0, tw_cluster_workers());
}

int main(void) {
  tw_cluster_run(control, 0);
  /* The fabric controller reaches L1 as well. */
  tw_console_text("with the mutex: ");
  tw_console_unsigned(protected_counter);
  tw_console_text("\nwithout, additions were ");
  tw_console_text(racy_counter < ROUNDS * tw_cluster_workers() ? "lost\n" : "not lost\n");
  TW_ASSERT(protected_counter == ROUNDS * tw_cluster_workers());
  return 0;
}
