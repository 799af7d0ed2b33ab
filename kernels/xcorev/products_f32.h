/* What products of float32 share on clusters, where two cores share a floating-point unit.
 *
 * Every product and every sum is rounded on its own, in the order that docs/numerics.md says, so a
 * product costs a unit two cycles, and a core that shares it can do no more than one product in
 * four cycles. Four sums at a time get there: a loaded value serves all of them, and what a core
 * loads, the other one's unit computes beside. */
#ifndef KERNELS_XCOREV_PRODUCTS_F32_H_
#define KERNELS_XCOREV_PRODUCTS_F32_H_

#include <stdint.h>

/* Sums that are computed together. */
#define SUMS 4u

/* Keeps a pointer in a register of its own, from which loads have constant offsets: the compiler
 * would rather add one index to every pointer before every load. */
#define KEEP_POINTER(pointer) __asm__("" : "+r"(pointer))

/* sums[i] += values[k] * factors[i * step + k] for k from 0 to count. */
static inline void add_products_f32(const float *values, const float *factors, uint32_t step,
                                    uint32_t count, float sums[SUMS]) {
  const float *second = factors + step;
  const float *third = second + step;
  const float *fourth = third + step;
  float a = sums[0];
  float b = sums[1];
  float c = sums[2];
  float d = sums[3];
  for (uint32_t quads = count / 4; quads != 0; --quads) {
    KEEP_POINTER(values);
    KEEP_POINTER(factors);
    KEEP_POINTER(second);
    KEEP_POINTER(third);
    KEEP_POINTER(fourth);
#pragma GCC unroll 4
    for (uint32_t k = 0; k < 4; ++k) {
      const float value = values[k];
      a += value * factors[k];
      b += value * second[k];
      c += value * third[k];
      d += value * fourth[k];
    }
    values += 4;
    factors += 4;
    second += 4;
    third += 4;
    fourth += 4;
  }
  for (uint32_t rest = count % 4; rest != 0; --rest) {
    const float value = *values++;
    a += value * *factors++;
    b += value * *second++;
    c += value * *third++;
    d += value * *fourth++;
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/* sum + values[0] * factors[0] + values[1] * factors[1] + ... */
static inline float add_product_f32(const float *values, const float *factors, uint32_t count,
                                    float sum) {
  for (; count != 0; --count) {
    sum += *values++ * *factors++;
  }
  return sum;
}

#endif /* KERNELS_XCOREV_PRODUCTS_F32_H_ */
