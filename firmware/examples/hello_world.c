/* Every core of the cluster greets, one after another.
 *
 * main() runs on the fabric controller, which owns the program: it hands a function to the
 * cluster's control core, and that one forks another onto the workers. */
#include "tilewright/cluster.h"
#include "tilewright/console.h"

static void greet(void *argument, uint32_t core, uint32_t cores) {
  const char *const text = argument;
  /* Without an order, characters of several cores would mix. In each round it is one core's turn;
   * a barrier lets nobody begin the next round before all have finished this one. */
  for (uint32_t turn = 0; turn < cores; ++turn) {
    if (turn == core) {
      tw_console_text(text);
      tw_console_unsigned(core);
      tw_console_text(" of ");
      tw_console_unsigned(cores);
      tw_console_text("\n");
    }
    tw_cluster_barrier();
  }
}

static void control(void *argument) {
  tw_console_text("Hello from control core ");
  tw_console_unsigned(tw_cluster_core());
  tw_console_text("\n");
  /* Returns when all workers have returned from greet. */
  tw_cluster_fork_join(greet, argument, tw_cluster_workers());
}

int main(void) {
  tw_console_text("Hello from the fabric controller\n");
  static char text[] = "Hello from worker ";
  tw_cluster_run(control, text);
  tw_console_text("Goodbye\n");
  return 0;
}
