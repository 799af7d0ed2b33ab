/* Needs from the toolchain what firmware needs: compiler-rt, hardware floats where the instruction
 * set has them, vendor instructions, initialised and zeroed data. It is linked, not run. */

#include <stddef.h>
#include <stdint.h>

struct block {
  int32_t values[64];
};

static struct block source = {{1, 2, 3}};
static struct block destination;

volatile int64_t dividend = INT64_C(0x123456789abcdef);
volatile int64_t divisor = 12345;
volatile double double_value = 1.5;
volatile float float_value = 2.5F;
volatile int32_t word = 7;

static int32_t multiply_accumulate(int32_t sum, int32_t left, int32_t right) {
#ifdef __riscv_xcvmac
  __asm__("cv.mac %0, %1, %2" : "+r"(sum) : "r"(left), "r"(right));
  return sum;
#else
  return sum + left * right;
#endif
}

void _start(void) {
  dividend = dividend / divisor;
  dividend = dividend % divisor;
  double_value = double_value * double_value + 1.0;
  float_value = float_value * 3.0F + 1.0F; /* two roundings, not one */
  word = (int32_t)double_value + (int32_t)float_value;
  word = multiply_accumulate(word, word, 3);
  destination = source; /* a call of memcpy */
  word += destination.values[word & 63];
  for (;;) {
  }
}
