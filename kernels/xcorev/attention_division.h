/* How weighted sums of values become outputs, on CORE-V cores; docs/numerics.md, attention. */
#ifndef TILEWRIGHT_ATTENTION_DIVISION_H_
#define TILEWRIGHT_ATTENTION_DIVISION_H_

#include <stdint.h>

typedef struct {
  int32_t reciprocal;
  uint32_t shift;
  int32_t scale;
  uint32_t output_shift;
  int32_t zero_point;
} tw_attention_division;

/* Division by a sum of weights. */
static inline tw_attention_division tw_attention_division_by(uint32_t total, int32_t scale,
                                                             uint32_t output_shift,
                                                             int32_t zero_point) {
  uint32_t excess; /* of the total beyond 16 bits; it is at least 32767 */
  __asm__(
      ".option push\n"
      ".option arch, +xcvbitmanip\n"
      "cv.fl1 %0, %1\n"
      ".option pop\n"
      : "=r"(excess)
      : "r"(total | 0x8000u));
  excess -= 15;
  const uint32_t divisor = (total + ((UINT32_C(1) << excess) >> 1)) >> excess;
  const tw_attention_division by = {
      (int32_t)(((UINT32_C(1) << 31) + divisor / 2) / divisor),
      15 + excess,
      scale,
      output_shift,
      zero_point,
  };
  return by;
}

/* The output for a sum of 32 bits, and an output shift beyond 32, with which rounding is that of
 * the upper half of the product. */
static inline int8_t tw_attention_divide(const tw_attention_division *by, int32_t sum) {
  const int64_t product = (int64_t)sum * by->reciprocal;
  const int32_t mean =
      (int32_t)((uint32_t)product >> by->shift | (uint32_t)(product >> 32) << (32 - by->shift));
  int32_t steps = (int32_t)((int64_t)mean * by->scale >> 32);
  __asm__("cv.addrnr %0, zero, %1" : "+r"(steps) : "r"(by->output_shift - 32));
  steps += by->zero_point;
  __asm__("cv.clip %0, %0, 8" : "+r"(steps));
  return (int8_t)steps;
}

#endif /* TILEWRIGHT_ATTENTION_DIVISION_H_ */
