#include <stdint.h>

static uint32_t descend(uint32_t depth) {
  volatile uint8_t frame[256];
  frame[depth % sizeof frame] = (uint8_t)depth;
  /* The frame is in use after the call: no tail call. */
  return depth == UINT32_MAX ? 0 : descend(depth + 1) + frame[depth % sizeof frame];
}

int main(void) { return (int)descend(0); }
