/* Conversion of float32 to integers with a factor, and halves away from zero. */
#ifndef TILEWRIGHT_SCALE_ROUND_H_
#define TILEWRIGHT_SCALE_ROUND_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  float factor;
  float offset;
  int32_t low;
  int32_t high;
  int32_t zero_point;
} tw_scale_round_s8_parameters;

/* output[i] = clip(round(input[i] * factor + offset) + zero_point, low, high). Halves are rounded
 * away from zero, product and sum to float32 each; NaN becomes low. */
void tw_scale_round_s8(const tw_scale_round_s8_parameters *parameters, const float *input,
                       int8_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_SCALE_ROUND_H_ */
