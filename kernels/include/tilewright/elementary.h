/* Square roots and elementary functions from integer and IEEE float32 operations only.
 *
 * There is no libm. Each function is a fixed sequence of float32 operations, each rounded on its
 * own (no contraction); compiler/numerics/elementary.py executes the same sequence in NumPy. Errors
 * are given in units in the last place of the correctly rounded float32 result.
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

/* The correctly rounded IEEE square root: an instruction of RISC-V's, else in integers, because a C
 * compiler turns sqrtf into a library call where the instruction set lacks the operation. */
#if defined(__riscv_flen)
static inline float tw_sqrt(float x) {
  float root;
  __asm__("fsqrt.s %0, %1, rne" : "=f"(root) : "f"(x));
  return root;
}
#else
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
#endif

/* Polynomials below are minimax fits (Lawson's algorithm in float64, coefficients then rounded to
 * float32), evaluated by Horner's rule. */

/* x rounded to an integer, half to even, for |x| < 2^22: adding 1.5 * 2^23 leaves no fraction. */
static inline float tw_round_to_integer(float x) { return (x + 12582912.0f) - 12582912.0f; }

/* 2^exponent, for -126 <= exponent <= 127. */
static inline float tw_power_of_two(int32_t exponent) {
  return tw_float_from_bits((uint32_t)(exponent + 127) << 23);
}

/* exp(r) - 1 for |r| <= ln(2) / 2. */
static inline float tw_exp_reduced(float r) {
  float p = 1.39506e-3f;
  p = p * r + 8.368954e-3f;
  p = p * r + 4.1666206e-2f;
  p = p * r + 1.6666518e-1f;
  p = p * r + 0.5f;
  return r + (r * r) * p;
}

/* exp(x), at most 1 ulp; also subnormal results. exp(x) = 2^n * exp(r), n = round(x / ln(2)); ln(2)
 * is split into 355/512, whose product with n is exact, and the rest. */
static inline float tw_exp(float x) {
  if (x != x) {
    return x;
  }
  x = x > 89.0f ? 89.0f : x;     /* infinity from here on */
  x = x < -104.0f ? -104.0f : x; /* zero */
  const float n = tw_round_to_integer(x * 1.44269504f);
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  const float p = 1.0f + tw_exp_reduced(r);
  const int32_t exponent = (int32_t)n;
  const int32_t lower = exponent >> 1; /* two factors: 2^exponent itself may not be a float */
  return (p * tw_power_of_two(lower)) * tw_power_of_two(exponent - lower);
}

/* exp(x) - 1, at most 2 ulp, also where it is tiny: 2^n - 1 is exact. */
static inline float tw_expm1(float x) {
  if (!(x < 20.0f)) {
    return tw_exp(x);
  }
  x = x < -20.0f ? -20.0f : x; /* -1 up to here */
  const float n = tw_round_to_integer(x * 1.44269504f);
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  const float scale = tw_power_of_two((int32_t)n);
  return (scale - 1.0f) + scale * tw_exp_reduced(r);
}

/* ln(x), at most 1 ulp. x = 2^n * (1 + f), sqrt(1/2) <= 1 + f < sqrt(2). */
static inline float tw_log(float x) {
  if (!(x > 0.0f) || x > 3.4028234e38f) {
    return x == 0.0f ? tw_float_from_bits(UINT32_C(0xFF800000)) /* -infinity */
                     : (x > 0.0f ? x : tw_float_from_bits(UINT32_C(0x7FC00000)));
  }
  const int32_t subnormal = x < 1.17549435e-38f;
  const uint32_t bits = tw_bits_of_float(subnormal ? x * 16777216.0f : x);
  /* Adding the distance from sqrt(1/2) to 1 carries into the exponent if 1 + f reaches 1. */
  const uint32_t carried = bits + (UINT32_C(0x3F800000) - UINT32_C(0x3F3504F3));
  const int32_t exponent = (int32_t)(carried >> 23) - 127 - (subnormal ? 24 : 0);
  const float f =
      tw_float_from_bits((carried & UINT32_C(0x007FFFFF)) + UINT32_C(0x3F3504F3)) - 1.0f;
  float p = -7.63443e-2f;
  p = p * f + 1.276155e-1f;
  p = p * f + -1.3160194e-1f;
  p = p * f + 1.4201762e-1f;
  p = p * f + -1.6623357e-1f;
  p = p * f + 2.0001227e-1f;
  p = p * f + -2.5000823e-1f;
  p = p * f + 3.333333e-1f;
  const float n = (float)exponent;
  const float square = f * f;
  const float tail = (square * f) * p + n * -2.12194440e-4f;
  return n * 0.693359375f + (f + (tail - 0.5f * square));
}

/* ln(1 + x) for x >= 0, at most 2 ulp: the second term restores what 1 + x rounded away. */
static inline float tw_log1p(float x) {
  const float sum = 1.0f + x;
  if (!(sum <= 3.4028234e38f)) {
    return x;
  }
  return tw_log(sum) + (x - (sum - 1.0f)) / sum;
}

/* magnitude with the sign of x. */
static inline float tw_with_sign(float magnitude, float x) {
  return tw_float_from_bits(tw_bits_of_float(magnitude) |
                            (tw_bits_of_float(x) & UINT32_C(0x80000000)));
}

static inline float tw_absolute(float x) {
  return tw_float_from_bits(tw_bits_of_float(x) & UINT32_C(0x7FFFFFFF));
}

/* tanh(x), at most 2 ulp. */
static inline float tw_tanh(float x) {
  const float a = tw_absolute(x);
  if (a < 0.625f) {
    const float z = a * a;
    float p = -5.717037e-3f;
    p = p * z + 2.0650579e-2f;
    p = p * z + -5.3743497e-2f;
    p = p * z + 1.3331491e-1f;
    p = p * z + -3.3333284e-1f;
    return tw_with_sign(a + a * (z * p), x);
  }
  return tw_with_sign(1.0f - 2.0f / (tw_exp(2.0f * a) + 1.0f), x);
}

/* 1 / (1 + exp(-x)), at most 3 ulp, also where it is tiny. */
static inline float tw_sigmoid(float x) {
  const float e = tw_exp(-tw_absolute(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* erf(x), at most 2 ulp: a polynomial below 1, above it 1 - exp(ln(erfc(x))). */
static inline float tw_erf(float x) {
  float a = tw_absolute(x);
  if (a < 1.0f) {
    const float z = a * a;
    float p = 7.889119e-5f;
    p = p * z + -8.020841e-4f;
    p = p * z + 5.189535e-3f;
    p = p * z + -2.6854444e-2f;
    p = p * z + 1.12836e-1f;
    p = p * z + -3.7612626e-1f;
    p = p * z + 1.2837917e-1f;
    return tw_with_sign(a + a * p, x);
  }
  a = a > 4.0f ? 4.0f : a; /* 1 from here on */
  float q = 1.8882361e-4f;
  q = q * a + -2.972442e-3f;
  q = q * a + 2.194043e-2f;
  q = q * a + -1.0332735e-1f;
  q = q * a + -6.3788307e-1f;
  q = q * a + -1.1272515f;
  q = q * a + -3.0042836e-4f;
  return tw_with_sign(1.0f - tw_exp(q), x);
}

/* ln(1 + exp(x)), at most 3 ulp. */
static inline float tw_softplus(float x) {
  return (x < 0.0f ? 0.0f : x) + tw_log1p(tw_exp(-tw_absolute(x)));
}

/* x * tanh(ln(1 + exp(x))): with e = exp(x) and n = e * (e + 2) the tangent is n / (n + 2). */
static inline float tw_mish(float x) {
  if (x > 20.0f) {
    return x;
  }
  const float e = tw_exp(x);
  const float n = e * (e + 2.0f);
  return x * (n / (n + 2.0f));
}

/* x / 2 * (1 + erf(x / sqrt(2))). */
static inline float tw_gelu(float x) { return (0.5f * x) * (1.0f + tw_erf(x * 0.70710678f)); }

/* x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))). */
static inline float tw_gelu_tanh(float x) {
  const float cubic = x + 0.044715f * ((x * x) * x);
  return (0.5f * x) * (1.0f + tw_tanh(0.79788456f * cubic));
}

/* alpha * x + beta, saturated to [0, 1]. */
static inline float tw_hard_sigmoid(float x, float alpha, float beta) {
  const float line = alpha * x + beta;
  return line < 0.0f ? 0.0f : (line > 1.0f ? 1.0f : line);
}

#endif /* TILEWRIGHT_ELEMENTARY_H_ */
