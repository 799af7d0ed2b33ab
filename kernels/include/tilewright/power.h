/* x to the power of y in float32, from integer operations; docs/numerics.md is the definition. */
#ifndef TILEWRIGHT_POWER_H_
#define TILEWRIGHT_POWER_H_

#include <stdint.h>

#include "tilewright/elementary.h"

/* A number that is not zero: significand * 2^(exponent - 24), 2^23.5 <= significand < 2^24.5. */
typedef struct {
  int32_t significand;
  int32_t exponent;
} tw_float_parts;

static inline tw_float_parts tw_split_near_one(float magnitude) {
  const uint32_t bits = tw_bits_of_float(magnitude);
  tw_float_parts parts = {(int32_t)(bits & UINT32_C(0x7FFFFF)), (int32_t)(bits >> 23) - 126};
  if (bits >> 23 == 0) {
    parts.exponent = -125;
    while (parts.significand < 0x800000) {
      parts.significand *= 2;
      --parts.exponent;
    }
  } else {
    parts.significand |= 0x800000;
  }
  if (parts.significand < 0xB504F3) { /* sqrt(1/2) */
    parts.significand *= 2;
    --parts.exponent;
  }
  return parts;
}

/* log2(1 + f * 2^-24) / (f * 2^-24) with 38 fractional bits, for sqrt(1/2) <= 1 + f * 2^-24 <
 * sqrt(2): an interpolation in Chebyshev's nodes, within 2^-37 of exact. */
static inline int64_t tw_log2_ratio(int64_t f) {
  static const int64_t coefficients[15] = {
      INT64_C(16944431755),  INT64_C(-33580633399),  INT64_C(34701043945),  INT64_C(-32984036408),
      INT64_C(35509075055),  INT64_C(-39606397966),  INT64_C(44095699617),  INT64_C(-49574888808),
      INT64_C(56651126581),  INT64_C(-66094028984),  INT64_C(79313013731),  INT64_C(-99141250017),
      INT64_C(132188330979), INT64_C(-198282496593), INT64_C(396564993198),
  };
  int64_t p = coefficients[0];
  for (uint32_t i = 1; i < 15; ++i) {
    p = ((p * f) >> 24) + coefficients[i];
  }
  return p;
}

/* 2^(fraction / 2^32) with 30 fractional bits, interpolated likewise. */
static inline int64_t tw_exp2_fraction(int64_t fraction) {
  static const int64_t coefficients[9] = {2013,     15197,     166622,    1430944,   10327645,
                                          59597033, 257941253, 744261118, 1073741824};
  int64_t p = coefficients[0];
  for (uint32_t i = 1; i < 9; ++i) {
    p = ((p * fraction) >> 32) + coefficients[i];
  }
  return p;
}

/* x^y for finite x > 0 other than 1, and finite y other than 0. */
static inline float tw_power_regular(float x, float y) {
  const tw_float_parts parts = tw_split_near_one(x);
  const int64_t f = (int64_t)parts.significand - 0x1000000;
  const int64_t tail = tw_log2_ratio(f) * f; /* log2 of the significand, 62 fractional bits */
  const int64_t logarithm =
      parts.exponent == 0 ? tail : (int64_t)parts.exponent * (INT64_C(1) << 54) + (tail >> 8);
  int32_t fraction_bits = parts.exponent == 0 ? 62 : 54;
  uint64_t magnitude = (uint64_t)(logarithm < 0 ? -logarithm : logarithm);
  while (magnitude >> 38 != 0) {
    magnitude >>= 1;
    --fraction_bits;
  }
  const uint32_t y_bits = tw_bits_of_float(tw_absolute(y));
  const uint32_t y_field = y_bits >> 23;
  const uint64_t y_significand =
      (y_bits & UINT32_C(0x7FFFFF)) | (y_field != 0 ? UINT32_C(0x800000) : 0u);
  const int32_t y_exponent = (int32_t)(y_field != 0 ? y_field : 1u) - 150;

  /* |y * log2(x)| with 32 fractional bits; from 256 on the result is infinite or zero. */
  const int32_t shift = fraction_bits - y_exponent - 32;
  const uint64_t product = magnitude * y_significand;
  const int64_t limit = INT64_C(256) << 32;
  int64_t exponent = limit;
  if (shift >= 0) {
    exponent = shift > 63 ? 0 : (int64_t)(product >> shift);
    exponent = exponent > limit ? limit : exponent;
  }
  if ((logarithm < 0) != (y < 0.0f)) {
    exponent = -exponent;
  }
  const int32_t whole = (int32_t)(exponent >> 32);
  const int64_t p = tw_exp2_fraction(exponent & INT64_C(0xFFFFFFFF));
  if (whole > 127) {
    return tw_float_from_bits(UINT32_C(0x7F800000));
  }
  if (whole >= -126) {
    const uint32_t significand = (uint32_t)((p + 64) >> 7);
    return tw_float_from_bits(((uint32_t)(whole + 126) << 23) + significand);
  }
  const int32_t drop = 7 - 126 - whole;
  return drop > 31 ? 0.0f
                   : tw_float_from_bits((uint32_t)((p + (INT64_C(1) << (drop - 1))) >> drop));
}

/* x^y, at most 1 ulp; special cases as in IEEE 754. */
static inline float tw_power(float x, float y) {
  const float infinity = tw_float_from_bits(UINT32_C(0x7F800000));
  const float nan = tw_float_from_bits(UINT32_C(0x7FC00000));
  const float a = tw_absolute(x);
  const float b = tw_absolute(y);
  if (y == 0.0f || x == 1.0f) {
    return 1.0f;
  }
  if (x != x || y != y) {
    return nan;
  }
  const int whole = b >= 8388608.0f || (float)(int32_t)b == b;
  const int odd = b < 16777216.0f && whole && ((int32_t)b & 1) != 0;
  float result;
  if (a == 1.0f) {
    result = 1.0f;
  } else if (a == 0.0f || a == infinity || b == infinity) {
    result = (a > 1.0f) == (y > 0.0f) ? infinity : 0.0f;
  } else {
    result = tw_power_regular(a, y);
  }
  if (x < 0.0f && a != infinity && !whole) {
    return nan;
  }
  return odd ? tw_with_sign(result, x) : result;
}

#endif /* TILEWRIGHT_POWER_H_ */
