/* Activation functions of float32; those of int8 are tables. Input and output may be the same
 * memory.
 */
#ifndef TILEWRIGHT_ACTIVATION_H_
#define TILEWRIGHT_ACTIVATION_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  float minimum;
  float maximum;
} tw_clip_f32_parameters;

/* output[i] = input[i] saturated to [minimum, maximum]; NaN stays NaN. */
void tw_clip_f32(const tw_clip_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float slope;
} tw_leaky_relu_f32_parameters;

/* output[i] = input[i] < 0 ? input[i] * slope : input[i]. */
void tw_leaky_relu_f32(const tw_leaky_relu_f32_parameters *parameters, const float *input,
                       float *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_ACTIVATION_H_ */
