/* One worker uses more stack than it has. */
#include "tilewright/cluster.h"

static uint32_t descend(uint32_t depth) {
  volatile uint8_t frame[64];
  frame[depth % sizeof frame] = (uint8_t)depth;
  /* The frame is in use after the call: no tail call. */
  return depth == UINT32_MAX ? 0 : descend(depth + 1) + frame[depth % sizeof frame];
}

static void overflow(void *argument, uint32_t core, uint32_t cores) {
  if (core == cores - 1) {
    *(volatile uint32_t *)argument = descend(0);
  }
}

static void control(void *argument) { tw_cluster_fork_join(overflow, argument, 4); }

int main(void) {
  static uint32_t result;
  tw_cluster_run(control, &result);
  return 0;
}
