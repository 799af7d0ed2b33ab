#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"
#include "tilewright/elementary.h"

#define SIGN UINT32_C(0x80000000)
#define INFINITY_BITS UINT32_C(0x7f800000)

/* A finite number's magnitude is significand * 2^(exponent - 149). */
static uint32_t exponent_of(uint32_t magnitude) {
  return magnitude >> 23 == 0 ? 0 : (magnitude >> 23) - 1;
}

static uint32_t significand_of(uint32_t magnitude) {
  const uint32_t fraction = magnitude & UINT32_C(0x7fffff);
  return magnitude >> 23 == 0 ? fraction : fraction | UINT32_C(0x800000);
}

/* 2^(exponent - 149) */
static float power_of_two(uint32_t exponent) {
  return tw_float_from_bits(exponent < 23 ? UINT32_C(1) << exponent : (exponent - 22) << 23);
}

static float remainder_of(float left, float right) {
  const uint32_t sign = tw_bits_of_float(left) & SIGN;
  const uint32_t dividend = tw_bits_of_float(left) & ~SIGN;
  const uint32_t divisor = tw_bits_of_float(right) & ~SIGN;
  if (dividend >= INFINITY_BITS || divisor > INFINITY_BITS || divisor == 0) {
    return tw_float_from_bits(UINT32_C(0x7fc00000));
  }
  if (dividend < divisor) {
    return left;
  }
  /* Long division, eight bits a step: what is left stays below 2^24. */
  const uint32_t modulus = significand_of(divisor);
  const uint32_t exponent = exponent_of(divisor);
  uint32_t rest = significand_of(dividend) % modulus;
  for (uint32_t left_over = exponent_of(dividend) - exponent; left_over != 0;) {
    const uint32_t step = left_over < 8 ? left_over : 8;
    rest = (rest << step) % modulus;
    left_over -= step;
  }
  const float result = (float)rest * power_of_two(exponent);
  return tw_float_from_bits(tw_bits_of_float(result) | sign);
}

TW_BINARY_KERNEL(tw_remainder_f32, float, float, remainder_of)
