/* Square roots and elementary functions from integer and IEEE float32 operations only.
 *
 * There is no libm. Each function is a fixed sequence of float32 operations, each rounded on its own
 * (no contraction); compiler/numerics/elementary.py executes the same sequence in NumPy. Errors are
 * given in units in the last place of the correctly rounded float32 result.
 */
#ifndef TILEWRIGHT_ELEMENTARY_H_
#define TILEWRIGHT_ELEMENTARY_H_

#include <stdint.h>

typedef union {
  float value;
  uint32_t bits;
} tw_float_bits;

static inline float tw_float_from_bits(uint32_t bits) {
  tw_float_bits both;
  both.bits = bits;
  return both.value;
}

static inline uint32_t tw_bits_of_float(float value) {
  tw_float_bits both;
  both.value = value;
  return both.bits;
}

/* floor(sqrt(x)) for x < 2^62, one result bit per step. */
static inline uint32_t tw_integer_square_root(uint64_t x) {
  uint64_t root = 0;
  for (uint64_t bit = UINT64_C(1) << 60; bit != 0; bit >>= 2) {
    if (x >= root + bit) {
      x -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return (uint32_t)root;
}

/* The correctly rounded IEEE square root. In integers, because a C compiler turns sqrtf into a
 * library call where the instruction set lacks the operation; it is needed once per row only. */
static inline float tw_sqrt(float x) {
  uint32_t bits = tw_bits_of_float(x);
  if (bits << 1 == 0 || bits == UINT32_C(0x7F800000)) {
    return x; /* zeros and infinity */
  }
  if (bits > UINT32_C(0x7F800000)) {
    return tw_float_from_bits(UINT32_C(0x7FC00000)); /* negative numbers and NaN */
  }
  int32_t exponent = (int32_t)(bits >> 23);
  uint32_t significand = bits & UINT32_C(0x7FFFFF);
  if (exponent == 0) {
    exponent = 1;
    while (significand < UINT32_C(0x800000)) {
      significand <<= 1;
      --exponent;
    }
  } else {
    significand |= UINT32_C(0x800000);
  }
  /* x = significand * 2^(exponent - 150); the power of two is made even, the root has 25 bits. */
  const uint32_t odd = (uint32_t)exponent & 1u;
  const uint32_t root = tw_integer_square_root((uint64_t)significand << (odd ? 25 : 26));
  /* A root of 25 bits is never exactly halfway, so adding its last bit rounds to nearest. */
  const uint32_t rounded = (root + 1) >> 1;
  const uint32_t result_exponent = (uint32_t)(exponent + (odd ? 127 : 126)) >> 1;
  return tw_float_from_bits((result_exponent << 23) + (rounded - UINT32_C(0x800000)));
}

#endif /* TILEWRIGHT_ELEMENTARY_H_ */
