#include "tilewright/cluster.h"

static void nothing(void *argument, uint32_t core, uint32_t cores) {
  (void)argument;
  (void)core;
  (void)cores;
}

static void control(void *argument) {
  (void)argument;
  tw_cluster_fork_join(nothing, 0, 9);
}

int main(void) {
  tw_cluster_run(control, 0);
  return 0;
}
