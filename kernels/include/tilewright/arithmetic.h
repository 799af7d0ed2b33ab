/* Integer arithmetic shared by all kernels; docs/numerics.md is the definition. */
#ifndef TILEWRIGHT_ARITHMETIC_H_
#define TILEWRIGHT_ARITHMETIC_H_

#include <stdint.h>

/* Saturates x to [low, high]. */
static inline int32_t tw_clip(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : (x > high ? high : x);
}

/* 1 << (shift - 1), or 0 for a shift of 0: makes an arithmetic right shift by `shift` round half
 * up. */
static inline int32_t tw_half(uint32_t shift) { return (int32_t)(UINT32_C(1) << shift >> 1); }

/* Narrow requantisation: the compiler has proved that nothing leaves int32. */
static inline int8_t tw_requantise(int32_t accumulator, uint32_t scale, int32_t bias,
                                   uint32_t shift, int32_t low, int32_t high) {
  return (int8_t)tw_clip((accumulator * (int32_t)scale + bias) >> shift, low, high);
}

/* Wide requantisation: 64-bit product, bias in the accumulator's domain. */
static inline int8_t tw_requantise_wide(int32_t accumulator, uint32_t scale, int32_t bias,
                                        uint32_t shift, int32_t output_zero_point, int32_t low,
                                        int32_t high) {
  const int64_t rounding = shift > 0 ? INT64_C(1) << (shift - 1) : 0;
  const int64_t product = ((int64_t)accumulator + bias) * (int64_t)scale + rounding;
  const int64_t shifted = (product >> shift) + output_zero_point;
  return (int8_t)(shifted < low ? low : (shifted > high ? high : shifted));
}

/* The form that a kernel's parameter `wide` chooses; output_zero_point is for the wide one. */
static inline int8_t tw_requantise_either(int32_t accumulator, uint32_t scale, int32_t bias,
                                          uint32_t shift, uint32_t wide, int32_t output_zero_point,
                                          int32_t low, int32_t high) {
  return wide ? tw_requantise_wide(accumulator, scale, bias, shift, output_zero_point, low, high)
              : tw_requantise(accumulator, scale, bias, shift, low, high);
}

#endif /* TILEWRIGHT_ARITHMETIC_H_ */
