/* tw_attention_division on CORE-V cores. */
#ifndef TILEWRIGHT_ATTENTION_DIVISION_H_
#define TILEWRIGHT_ATTENTION_DIVISION_H_

#include "tilewright/attention.h"
#include "tilewright/hardware_loop.h"

/* tw_attention_division_by(). */
__attribute__((always_inline)) static inline tw_attention_division division_by(
    uint32_t total, int32_t output_scale) {
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

/* Takes away what sums of even columns hold too much: 256 times the next one's, and 128 times the
 * sum of weights. Modulo 2^32: before that they may not fit. */
static inline int32_t *separate_columns(int32_t column[4], uint32_t total) {
  for (uint32_t c = 0; c < 4; c += 2) {
    column[c] = (int32_t)((uint32_t)column[c] - (uint32_t)column[c + 1] * 256u - total * 128u);
  }
  return column;
}

/* tw_attention_divide() for four columns, from which `centre` is taken, and to which `weight` times
 * `value` is added. The output shift is beyond 32, so that rounding is that of the upper half of
 * the product. */
static inline void divide_columns(tw_attention_division by, const int32_t *columns, int32_t weight,
                                  const int8_t *value, int32_t centre, uint32_t output_shift,
                                  int32_t output_zero_point, int8_t *output) {
  const uint32_t shift = output_shift - 32;
  int32_t s, v;
  __asm__ volatile(
      TW_LOOP_BEGIN TW_LOOP_SETUPI(0, 4, "1f")
      "  cv.lw %[s], (%[columns]), 4\n"
      "  cv.lb %[v], (%[value]), 1\n"
      "  sub %[s], %[s], %[centre]\n"
      "  cv.mac %[s], %[v], %[weight]\n"
      "  sra %[s], %[s], %[excess]\n"
      "  mulh %[s], %[s], %[factor]\n"
      "  cv.addrnr %[s], %[zero_point], %[shift]\n"
      "  cv.clip %[s], %[s], 8\n"
      "  cv.sb %[s], (%[output]), 1\n"
      "1:\n" TW_LOOP_END
      : [s] "=&r"(s), [v] "=&r"(v), [columns] "+r"(columns), [value] "+r"(value),
        [output] "+r"(output)
      : [centre] "r"(centre), [weight] "r"(weight), [excess] "r"(by.excess),
        [factor] "r"(by.factor), [zero_point] "r"(output_zero_point * (INT32_C(1) << shift)),
        [shift] "r"(shift)
      : "memory");
}

#endif /* TILEWRIGHT_ATTENTION_DIVISION_H_ */
