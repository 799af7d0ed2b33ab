/* A multiplier and an addend for each channel: batch normalisation at inference. Tensors are
 * [outer][channels][inner]. Input and output may be the same memory. */
#ifndef TILEWRIGHT_BATCH_NORMALIZATION_H_
#define TILEWRIGHT_BATCH_NORMALIZATION_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;
  uint32_t channels;
  uint32_t inner;
  float minimum;
  float maximum;
} tw_scale_channels_f32_parameters;

/* output = input * scale[channel] + shift[channel], saturated to [minimum, maximum]. */
void tw_scale_channels_f32(const tw_scale_channels_f32_parameters *parameters, const float *input,
                           const float *scale, const float *shift, float *output, uint32_t core,
                           uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t channels;
  uint32_t inner;
  uint32_t shift;
  int32_t low;
  int32_t high;
} tw_scale_channels_s8_parameters;

/* output = clip((input * scale[channel] + bias[channel]) >> shift, low, high); the compiler has
 * proved that nothing leaves int32. A scale may be negative. */
void tw_scale_channels_s8(const tw_scale_channels_s8_parameters *parameters, const int8_t *input,
                          const int32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                          uint32_t cores);

#endif /* TILEWRIGHT_BATCH_NORMALIZATION_H_ */
