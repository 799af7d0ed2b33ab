/* What normalisations share on CORE-V cores: sums over a row, 6 instructions per eight elements,
 * and the inverse of a square root, which the FPU estimates. */
#ifndef KERNELS_XCOREV_ROW_STATISTICS_H_
#define KERNELS_XCOREV_ROW_STATISTICS_H_

#include <stdint.h>

#include "tilewright/hardware_loop.h"

/* Sums of a row's elements and of their squares; 32,768 elements at most. */
typedef struct {
  int32_t values;
  int32_t squares;
} row_sums;

static inline row_sums sums_of_row(const int8_t *x, uint32_t elements) {
  int32_t squares = 0;
  int32_t sum = 0;
  uint32_t a, b;
  const uint32_t pairs = elements / 8;
  if (pairs != 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                     "  cv.lw %[a], (%[x]), 4\n"
                     "  cv.lw %[b], (%[x]), 4\n"
                     "  cv.sdotsp.b %[squares], %[a], %[a]\n"
                     "  cv.sdotsp.b %[sum], %[a], %[ones]\n"
                     "  cv.sdotsp.b %[squares], %[b], %[b]\n"
                     "  cv.sdotsp.b %[sum], %[b], %[ones]\n"
                     "1:\n" TW_LOOP_END
                     : [a] "=&r"(a), [b] "=&r"(b), [x] "+r"(x), [squares] "+r"(squares),
                       [sum] "+r"(sum)
                     : [pairs] "r"(pairs), [ones] "r"(UINT32_C(0x01010101))
                     : "memory");
  }
  for (uint32_t i = pairs * 8; i < elements; ++i, ++x) {
    squares += *x * *x;
    sum += *x;
  }
  const row_sums result = {sum, squares};
  return result;
}

/* The largest integer whose square is not above x < 2^30. */
static inline uint32_t square_root(uint32_t x) {
  float estimate;
  uint32_t root;
  __asm__(
      "fcvt.s.wu %0, %2\n"
      "fsqrt.s %0, %0\n"
      "fcvt.wu.s %1, %0, rtz\n"
      : "=&f"(estimate), "=r"(root)
      : "r"(x));
  /* Rounding may have passed the next integer. */
  return root * root > x ? root - 1 : root;
}

/* `inverse` of docs/numerics.md, from a total of 2^16 or more, and 6 - k. */
static inline int32_t inverse_root(uint64_t total, uint32_t *shift) {
  *shift = 6;
  while (total >= UINT64_C(1) << 30) {
    total >>= 2;
    ++*shift;
  }
  uint32_t mantissa = (uint32_t)total;
  while (mantissa < UINT32_C(1) << 28) {
    mantissa <<= 2;
    --*shift;
  }
  uint32_t root = square_root(mantissa);
  root += mantissa - root * root > root ? 1u : 0u; /* to nearest */
  return (int32_t)(((UINT32_C(1) << 29) + root / 2) / root);
}

#endif /* KERNELS_XCOREV_ROW_STATISTICS_H_ */
