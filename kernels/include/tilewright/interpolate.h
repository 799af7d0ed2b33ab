/* Interpolation along an axis. */
#ifndef TILEWRIGHT_INTERPOLATE_H_
#define TILEWRIGHT_INTERPOLATE_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;   /* product of the extents before the axis */
  uint32_t extent;  /* of the axis in the input */
  uint32_t outputs; /* extent of the axis in the output */
  uint32_t inner;   /* product of the extents after the axis */
  uint32_t taps;    /* elements that make one of the output */
} tw_interpolate_f32_parameters;

/* output[o][i] = the sum over t of input[o][indices[i][t]] * weights[i][t], a slice of `inner`
 * elements; indices lie in [0, extent). */
void tw_interpolate_f32(const tw_interpolate_f32_parameters *parameters, const float *input,
                        const int32_t *indices, const float *weights, float *output, uint32_t core,
                        uint32_t cores);

#endif /* TILEWRIGHT_INTERPOLATE_H_ */
