/* The high-water mark grows by what a function puts on the stack. */
#include "tilewright/stack.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"

#define FRAME 4096

static __attribute__((noinline)) void use_stack(void) {
  volatile uint8_t frame[FRAME];
  for (uint32_t i = 0; i < FRAME; ++i) {
    frame[i] = (uint8_t)i;
  }
}

int main(void) {
  const uint32_t before = tw_stack_high_water();
  use_stack();
  const uint32_t after = tw_stack_high_water();
  TW_ASSERT(before > 0);
  TW_ASSERT(after >= FRAME);
  TW_ASSERT(after < FRAME + 512);
  TW_ASSERT(tw_stack_size() == 8192);
  tw_console_text("PASS\n");
  return 0;
}
