#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

/* base^exponent modulo 2^32 by repeated squaring; unsigned, because that may wrap. */
static int32_t power(int32_t base, int32_t exponent) {
  if (exponent < 0) {
    /* 1 / base^-exponent, rounded towards zero. */
    return base == 1 ? 1 : (base == -1 ? 1 - 2 * (exponent & 1) : 0);
  }
  uint32_t result = 1;
  uint32_t square = (uint32_t)base;
  for (uint32_t left = (uint32_t)exponent; left != 0; left >>= 1, square *= square) {
    if (left & 1) {
      result *= square;
    }
  }
  return (int32_t)result;
}

TW_BINARY_KERNEL(tw_power_s32, int32_t, int32_t, power)
