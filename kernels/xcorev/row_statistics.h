/* What normalisations share on CORE-V cores: sums over a row, 6 instructions per eight elements,
 * and the inverse of a square root, which is estimated in float32. */
#ifndef KERNELS_XCOREV_ROW_STATISTICS_H_
#define KERNELS_XCOREV_ROW_STATISTICS_H_

#include <stdint.h>

#include "tilewright/hardware_loop.h"
#include "tilewright/placement.h"

/* Sums of a row's elements and of their squares; 32,768 elements at most. */
typedef struct {
  int32_t values;
  int32_t squares;
} row_sums;

/* Sums of eight elements at a time; `eights` is not 0. */
static inline row_sums sums_of_eights(const int8_t *x, uint32_t eights) {
  row_sums sums = {0, 0};
  uint32_t a, b;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[eights]", "1f")
                   "  cv.lw %[a], (%[x]), 4\n"
                   "  cv.lw %[b], (%[x]), 4\n"
                   "  cv.sdotsp.b %[squares], %[a], %[a]\n"
                   "  cv.sdotsp.b %[sum], %[a], %[ones]\n"
                   "  cv.sdotsp.b %[squares], %[b], %[b]\n"
                   "  cv.sdotsp.b %[sum], %[b], %[ones]\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [x] "+r"(x), [squares] "+r"(sums.squares),
                     [sum] "+r"(sums.values)
                   : [eights] "r"(eights), [ones] "r"(UINT32_C(0x01010101))
                   : "memory");
  return sums;
}

/* The same of any number of elements. */
static inline row_sums sums_of_row(const int8_t *x, uint32_t elements) {
  row_sums sums = {0, 0};
  if (elements >= 8) {
    sums = sums_of_eights(x, elements / 8);
  }
  for (uint32_t i = elements / 8 * 8; i < elements; ++i) {
    sums.squares += x[i] * x[i];
    sums.values += x[i];
  }
  return sums;
}

/* The integer next to the square root of x, from 2^28 up to 2^30.
 *
 * Cores share a unit for square roots: eight of them would take 14 cycles each, one after the
 * other. Two steps of Newton's method from an estimate out of the number's bits leave a relative
 * error of 5e-6 (C. Lomont, Fast inverse square root, 2003), 0.2 in the root. */
static inline uint32_t nearest_root(uint32_t x) {
  union {
    float value;
    uint32_t bits;
  } inverse;
  const float number = (float)(int32_t)x;
  const float half = 0.5f * number;
  inverse.value = number;
  inverse.bits = UINT32_C(0x5f3759df) - (inverse.bits >> 1);
  float y = inverse.value;
  y = y * (1.5f - half * y * y);
  y = y * (1.5f - half * y * y);
  uint32_t root;
  __asm__("fcvt.w.s %0, %1, rne" : "=r"(root) : "f"(number * y));
  const int32_t rest = (int32_t)(x - root * root);
  root += rest > (int32_t)root ? 1u : 0u;
  root -= rest <= -(int32_t)root ? 1u : 0u;
  return root;
}

/* The place of the highest bit of x, which is not 0. */
static inline int32_t highest_bit(uint32_t x) {
  int32_t place;
  __asm__(
      ".option push\n"
      ".option arch, +xcvbitmanip\n"
      "cv.fl1 %0, %1\n"
      ".option pop\n"
      : "=r"(place)
      : "r"(x));
  return place;
}

/* A total of squares as its highest bits, 2^28 up to 2^30, and how many bits, an even number, were
 * dropped to get there. */
typedef struct {
  uint32_t mantissa;
  int32_t drop;
} row_total;

/* Whether `drop` is that of a total which is neither tiny nor huge: shifts are those of words. */
static inline int is_usual(int32_t drop) { return drop > 0 && drop < 32; }

static inline int32_t dropped_bits(uint32_t high, uint32_t low) {
  return ((high != 0 ? highest_bit(high) + 32 : highest_bit(low)) - 28) & -2;
}

static inline row_total usual_total(uint32_t high, uint32_t low, int32_t drop) {
  const row_total total = {high << (32 - drop) | low >> drop, drop};
  return total;
}

static inline row_total total_of(uint64_t sum) {
  const uint32_t high = (uint32_t)(sum >> 32);
  const uint32_t low = (uint32_t)sum;
  const int32_t drop = dropped_bits(high, low);
  if (is_usual(drop)) {
    return usual_total(high, low, drop);
  }
  const row_total total = {(uint32_t)(drop < 0 ? sum << -drop : sum >> drop), drop};
  return total;
}

/* `inverse` of docs/numerics.md, and 6 - k. */
static inline int32_t inverse_root(row_total total, uint32_t *shift) {
  *shift = (uint32_t)(6 + total.drop / 2);
  const uint32_t root = nearest_root(total.mantissa);
  return (int32_t)(((UINT32_C(1) << 29) + root / 2) / root);
}

#endif /* KERNELS_XCOREV_ROW_STATISTICS_H_ */
