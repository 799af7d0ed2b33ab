/* Loops written in C and in assembly, single and nested, in all ways to set them up. */
#include "tilewright/hardware_loop.h"

#include <stdint.h>

#include "tilewright/console.h"
#include "tilewright/exit.h"

/* hardware_loop_functions.S */
uint32_t nested_loops(uint32_t outer, uint32_t inner);
uint32_t constant_loop(void);

static int32_t dot_product(const uint32_t *left, const uint32_t *right, uint32_t words) {
  int32_t sum = 0;
  uint32_t a;
  uint32_t b;
  __asm__(TW_LOOP_BEGIN
          TW_LOOP_SETUP(0, "%[count]", "1f")
          "  cv.lw %[a], (%[left]), 4\n"
          "  cv.lw %[b], (%[right]), 4\n"
          "  cv.sdotsp.b %[sum], %[a], %[b]\n"
          "1:\n"
          TW_LOOP_END
          : [a] "=&r"(a), [b] "=&r"(b), [left] "+r"(left), [right] "+r"(right), [sum] "+r"(sum)
          : [count] "r"(words)
          : "memory");
  return sum;
}

/* Set up step by step: 2 * 3 iterations of the inner loop, with constants. */
static uint32_t step_by_step(void) {
  uint32_t inner = 0;
  uint32_t outer = 0;
  __asm__(TW_LOOP_BEGIN
          TW_LOOP_STARTI(1, "1f")
          TW_LOOP_ENDI(1, "4f")
          TW_LOOP_COUNTI(1, 2)
          "1:\n"
          TW_LOOP_SETUPI(0, 3, "3f")
          "  addi %[inner], %[inner], 1\n"
          "  addi %[inner], %[inner], 2\n"
          "  addi %[inner], %[inner], 3\n"
          "3:\n"
          "  addi %[outer], %[outer], 1\n"
          "  addi %[outer], %[outer], 1\n"
          "4:\n"
          TW_LOOP_END
          : [inner] "+r"(inner), [outer] "+r"(outer));
  TW_ASSERT(outer == 4);
  return inner;
}

/* Start and end in registers. */
static uint32_t by_registers(uint32_t count) {
  uint32_t sum = 0;
  uint32_t address;
  __asm__(TW_LOOP_BEGIN
          "  lla %[address], 1f\n"
          TW_LOOP_START(0, "%[address]")
          "  addi %[address], %[address], 12\n"
          TW_LOOP_END_AT(0, "%[address]")
          TW_LOOP_COUNT(0, "%[count]")
          "1:\n"
          "  addi %[sum], %[sum], 1\n"
          "  addi %[sum], %[sum], 1\n"
          "  addi %[sum], %[sum], 1\n"
          TW_LOOP_END
          : [sum] "+r"(sum), [address] "=&r"(address)
          : [count] "r"(count));
  return sum;
}

int main(void) {
  static int8_t left[64] __attribute__((aligned(4)));
  static int8_t right[64] __attribute__((aligned(4)));
  int32_t expected = 0;
  for (int32_t i = 0; i < 64; ++i) {
    left[i] = (int8_t)(i * 11 - 100);
    right[i] = (int8_t)(90 - i * 5);
    expected += left[i] * right[i];
  }
  TW_ASSERT(dot_product((const uint32_t *)(const void *)left, (const uint32_t *)(const void *)right,
                        16) == expected);
  TW_ASSERT(step_by_step() == 2 * 3 * 6);
  TW_ASSERT(by_registers(1) == 3);
  TW_ASSERT(by_registers(7) == 21);
  TW_ASSERT(nested_loops(5, 9) == 5 * 9 * 3 + 5 * 100);
  TW_ASSERT(nested_loops(1, 1) == 103);
  TW_ASSERT(constant_loop() == 4095);
  tw_console_text("PASS\n");
  return 0;
}
