/* tw_attention_division on CORE-V cores. */
#ifndef TILEWRIGHT_ATTENTION_DIVISION_H_
#define TILEWRIGHT_ATTENTION_DIVISION_H_

#include "tilewright/attention.h"

/* tw_attention_division_by(). */
static inline tw_attention_division division_by(uint32_t total, int32_t output_scale) {
  uint32_t excess;
  __asm__(
      ".option push\n"
      ".option arch, +xcvbitmanip\n"
      "cv.fl1 %0, %1\n" /* position of the highest 1 */
      ".option pop\n"
      : "=r"(excess)
      : "r"(total | 0x8000u));
  excess -= 15;
  const uint32_t divisor = (total + (UINT32_C(1) << excess >> 1)) >> excess;
  const uint32_t reciprocal = ((UINT32_C(1) << 31) + divisor / 2) / divisor;
  const tw_attention_division by = {excess, (int32_t)((int64_t)reciprocal * output_scale >> 17)};
  return by;
}

/* tw_attention_divide() for sums of 32 bits and an output shift beyond 32, with which rounding is
 * that of the upper half of the product. `zero_point` has output_shift - 32 fractional bits. */
static inline int8_t divide(tw_attention_division by, int32_t sum, uint32_t output_shift,
                            int32_t zero_point) {
  int32_t steps = (int32_t)((int64_t)(sum >> by.excess) * by.factor >> 32);
  __asm__("cv.addrnr %0, %1, %2" : "+r"(steps) : "r"(zero_point), "r"(output_shift - 32));
  __asm__("cv.clip %0, %0, 8" : "+r"(steps));
  return (int8_t)steps;
}

#endif /* TILEWRIGHT_ATTENTION_DIVISION_H_ */
