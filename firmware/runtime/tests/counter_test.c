/* The counter counts instructions, exactly and the same in every run. */
#include "tilewright/counter.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"

static __attribute__((noinline)) uint64_t loop(uint32_t iterations) {
  const uint64_t before = tw_instructions();
  __asm__ volatile(
      "1: addi %0, %0, -1\n"
      "bnez %0, 1b\n"
      : "+r"(iterations));
  return tw_instructions() - before;
}

int main(void) {
  const uint64_t overhead = loop(1) - 2;
  TW_ASSERT(overhead < 32);
  TW_ASSERT(loop(1000) - overhead == 2000);
  TW_ASSERT(loop(100000) - overhead == 200000);
  tw_console_text("PASS\n");
  return 0;
}
