#include <stdint.h>

static uint32_t descend(uint32_t depth) {
  volatile uint8_t frame[256];
  frame[depth % sizeof frame] = (uint8_t)depth;
  /* The address of the frame is in use after the call: no tail call. */
  return descend(depth + 1) + frame[depth % sizeof frame];
}

int main(void) { return (int)descend(0); }
