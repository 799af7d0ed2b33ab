/* Linear interpolation along an axis. */
#ifndef TILEWRIGHT_INTERPOLATE_H_
#define TILEWRIGHT_INTERPOLATE_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;   /* product of the extents before the axis */
  uint32_t extent;  /* of the axis in the input */
  uint32_t outputs; /* extent of the axis in the output */
  uint32_t inner;   /* product of the extents after the axis */
} tw_interpolate_f32_parameters;

/* output[o][i] = input[o][lower[i]] * lower_weight[i] + input[o][upper[i]] * upper_weight[i], a
 * slice of `inner` elements; lower and upper lie in [0, extent). */
void tw_interpolate_f32(const tw_interpolate_f32_parameters *parameters, const float *input,
                        const int32_t *lower, const int32_t *upper, const float *lower_weight,
                        const float *upper_weight, float *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_INTERPOLATE_H_ */
