/* Quotients of broadcast integers, rounded to nearest. */
#ifndef TILEWRIGHT_ROUNDED_DIVIDE_H_
#define TILEWRIGHT_ROUNDED_DIVIDE_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  uint32_t extents[6];
  int32_t left_strides[6];
  int32_t right_strides[6];
  uint32_t factor;
  int32_t scale;
  int32_t offset;
} tw_rounded_divide_s32_parameters;

/* output = left * factor / (right * scale + offset), computed in 64 bits: half of the divisor is
 * added to the dividend, away from zero, before the quotient is truncated. 0 if the divisor is. The
 * operands are walked as those of tw_add_s32 (binary.h). */
void tw_rounded_divide_s32(const tw_rounded_divide_s32_parameters *parameters, const int32_t *left,
                           const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_ROUNDED_DIVIDE_H_ */
