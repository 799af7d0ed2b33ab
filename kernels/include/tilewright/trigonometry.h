/* Trigonometric and hyperbolic functions and their inverses, as elementary.h has the others: fixed
 * sequences of integer and float32 operations, which compiler/numerics/trigonometry.py executes in
 * NumPy. Errors are in units in the last place; polynomials are minimax fits. */
#ifndef TILEWRIGHT_TRIGONOMETRY_H_
#define TILEWRIGHT_TRIGONOMETRY_H_

#include <stdint.h>

#include "tilewright/elementary.h"

typedef struct {
  uint32_t quarter; /* of a turn, modulo 4 */
  float rest;       /* radians from there, at most pi / 4 either way */
} tw_angle;

/* x as quarters of a turn and a rest, for finite |x| > pi / 4: Payne and Hanek's reduction. The
 * turns are x / (2 pi) modulo 1 in 64 bits of fixed point, from those 96 bits of 1 / (2 pi) whose
 * product with the significand of x is not a whole number. */
static inline tw_angle tw_angle_of(float x) {
  static const uint32_t inverse[] = {
      0, /* the significand's weight is 2^-24 at least: 32 bits before the point are enough */
      UINT32_C(0x28BE60DB),
      UINT32_C(0x9391054A),
      UINT32_C(0x7F09D5F4),
      UINT32_C(0x7D4D3770),
      UINT32_C(0x36D8A566),
      UINT32_C(0x4F10E410),
      UINT32_C(0x7F9458EA),
  };
  const uint32_t bits = tw_bits_of_float(x);
  const uint32_t significand = (bits & UINT32_C(0x7FFFFF)) | UINT32_C(0x800000);
  const uint32_t first = (bits >> 23 & 255u) - 118u; /* exponent - 150 + 32 */
  const uint32_t word = first >> 5;
  const uint32_t shift = first & 31u;
  uint64_t product = 0;
  uint64_t turns = 0;
  for (uint32_t i = 3; i-- != 0;) {
    const uint64_t pair = (uint64_t)inverse[word + i] << 32 | inverse[word + i + 1];
    product = (uint64_t)significand * (uint32_t)(pair << shift >> 32) + (product >> 32);
    turns = i == 2 ? 0 : turns >> 32 | product << 32;
  }
  const uint64_t quarter = (turns + (UINT64_C(1) << 61)) >> 62;
  const uint64_t rest = turns << 2; /* of a quarter, as a number with sign */
  const float high = (float)(int32_t)(uint32_t)(rest >> 32) * 3.6572952e-10f; /* pi / 2 / 2^32 */
  const float low = (float)(uint32_t)rest * 8.515304e-20f;                    /* pi / 2 / 2^64 */
  const float distance = high + low;
  tw_angle angle;
  /* sin(-x) = -sin(x): the angle of -x lies as many quarters the other way. */
  angle.quarter = (uint32_t)(bits >> 31 ? 0 - quarter : quarter) & 3u;
  angle.rest = bits >> 31 ? -distance : distance;
  return angle;
}

/* sin of an angle in radians, `quarters` further on: 0 for the sine, 1 for the cosine. */
static inline float tw_sine_from(float x, uint32_t quarters) {
  const float magnitude = tw_absolute(x);
  if (!(magnitude <= 3.4028234e38f)) {
    return tw_float_from_bits(UINT32_C(0x7FC00000));
  }
  tw_angle angle = {0, x};
  if (magnitude > 0.78539816f) {
    angle = tw_angle_of(x);
  }
  const float r = angle.rest;
  const float z = r * r;
  const uint32_t quarter = angle.quarter + quarters;
  float y;
  if (quarter & 1u) {
    float p = 2.4438379e-5f;
    p = p * z + -1.3887367e-3f;
    p = p * z + 4.1666646e-2f;
    y = (1.0f - 0.5f * z) + (z * z) * p;
  } else {
    float p = -1.9517234e-4f;
    p = p * z + 8.332178e-3f;
    p = p * z + -1.6666655e-1f;
    const float a = tw_absolute(r);
    y = tw_with_sign(a + a * (z * p), r);
  }
  return quarter & 2u ? -y : y;
}

/* sin(x), at most 3 ulp, for all magnitudes. */
static inline float tw_sine(float x) { return tw_sine_from(x, 0); }

/* cos(x), at most 3 ulp, for all magnitudes. */
static inline float tw_cosine(float x) { return tw_sine_from(x, 1); }

/* tan(x), at most 5 ulp. */
static inline float tw_tangent(float x) { return tw_sine(x) / tw_cosine(x); }

/* atan(x), at most 3 ulp: of an argument below tan(pi / 8), an eighth or a quarter of a turn on. */
static inline float tw_arc_tangent(float x) {
  float a = tw_absolute(x);
  float before = 0.0f;
  if (a > 2.4142137f) {
    before = 1.5707964f;
    a = -1.0f / a;
  } else if (a > 0.41421357f) {
    before = 0.78539819f;
    a = (a - 1.0f) / (a + 1.0f);
  }
  const float z = a * a;
  float p = -6.0829926e-2f;
  p = p * z + 1.0595829e-1f;
  p = p * z + -1.4243826e-1f;
  p = p * z + 1.9998488e-1f;
  p = p * z + -3.3333316e-1f;
  return tw_with_sign(before + (a + a * (z * p)), x);
}

/* asin(a) for 0 <= a <= 1/2. */
static inline float tw_arc_sine_reduced(float a) {
  const float z = a * a;
  float p = 3.7630133e-2f;
  p = p * z + 1.4358464e-2f;
  p = p * z + 3.1828694e-2f;
  p = p * z + 4.451447e-2f;
  p = p * z + 7.5005174e-2f;
  p = p * z + 1.666666e-1f;
  return a + a * (z * p);
}

/* asin(x), at most 3 ulp; NaN outside of [-1, 1]. Above 1/2 it is pi / 2 - 2 asin(sqrt((1 - x) /
 * 2)). */
static inline float tw_arc_sine(float x) {
  const float a = tw_absolute(x);
  if (a <= 0.5f) {
    return tw_with_sign(tw_arc_sine_reduced(a), x);
  }
  const float rest = tw_arc_sine_reduced(tw_sqrt(0.5f * (1.0f - a)));
  return tw_with_sign(1.5707964f - 2.0f * rest, x);
}

/* acos(x), at most 3 ulp; NaN outside of [-1, 1]. */
static inline float tw_arc_cosine(float x) {
  const float a = tw_absolute(x);
  if (a <= 0.5f) {
    return 1.5707964f - tw_with_sign(tw_arc_sine_reduced(a), x);
  }
  const float rest = 2.0f * tw_arc_sine_reduced(tw_sqrt(0.5f * (1.0f - a)));
  return x < 0.0f ? 3.1415927f - rest : rest;
}

/* sinh(x), at most 4 ulp. */
static inline float tw_hyperbolic_sine(float x) {
  const float a = tw_absolute(x);
  if (a > 20.0f) { /* exp(-a) changes nothing; exp(a) may overflow where its half does not */
    const float half = tw_exp(0.5f * a);
    return tw_with_sign((0.5f * half) * half, x);
  }
  const float e = tw_expm1(a);
  return tw_with_sign(0.5f * (e + e / (e + 1.0f)), x);
}

/* cosh(x), at most 4 ulp. */
static inline float tw_hyperbolic_cosine(float x) {
  const float a = tw_absolute(x);
  const float half = tw_exp(0.5f * a);
  return (0.5f * half) * half + 0.5f * tw_exp(-a);
}

/* asinh(x), at most 4 ulp. */
static inline float tw_inverse_hyperbolic_sine(float x) {
  const float a = tw_absolute(x);
  if (a > 1.0e9f) { /* ln(2 a), without the square */
    return tw_with_sign(tw_log(a) + 0.69314718f, x);
  }
  const float square = a * a;
  return tw_with_sign(tw_log1p(a + square / (1.0f + tw_sqrt(square + 1.0f))), x);
}

/* acosh(x), at most 4 ulp; NaN below 1. */
static inline float tw_inverse_hyperbolic_cosine(float x) {
  if (x > 1.0e9f) {
    return tw_log(x) + 0.69314718f;
  }
  const float t = x - 1.0f;
  return x < 1.0f ? tw_float_from_bits(UINT32_C(0x7FC00000))
                  : tw_log1p(t + tw_sqrt(t * (x + 1.0f)));
}

/* atanh(x), at most 4 ulp; infinite at -1 and 1, NaN outside of them. */
static inline float tw_inverse_hyperbolic_tangent(float x) {
  const float a = tw_absolute(x);
  if (a > 1.0f) {
    return tw_float_from_bits(UINT32_C(0x7FC00000));
  }
  return tw_with_sign(0.5f * tw_log1p(2.0f * a / (1.0f - a)), x);
}

#endif /* TILEWRIGHT_TRIGONOMETRY_H_ */
