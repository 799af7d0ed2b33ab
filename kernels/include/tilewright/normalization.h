/* Layer, group and instance normalisation: rows of mean 0 and variance 1, scaled and shifted.
 *
 * Tensors are [batch][groups][channels][inner]; a row is [channels][inner] of one group. Scale and
 * shift are [groups][channels]. A layer normalisation has one group whose channels are the elements
 * of the row (inner 1); an instance normalisation has one channel per group. */
#ifndef TILEWRIGHT_NORMALIZATION_H_
#define TILEWRIGHT_NORMALIZATION_H_

#include <stdint.h>

typedef struct {
  uint32_t rows; /* batch * groups */
  uint32_t groups;
  uint32_t channels; /* per group */
  uint32_t inner;
  float epsilon;
} tw_normalization_f32_parameters;

/* output = ((input - mean) * (1 / sqrt(variance + epsilon))) * scale + shift, where mean is the sum
 * of the row divided by its number of elements, and variance the sum of the squares of
 * input - mean divided by it; both sums run over the row in ascending order.
 *
 * shift may be NULL: nothing is added. Input and output may be the same memory. */
void tw_normalization_f32(const tw_normalization_f32_parameters *parameters, const float *input,
                          const float *scale, const float *shift, float *output, uint32_t core,
                          uint32_t cores);

#endif /* TILEWRIGHT_NORMALIZATION_H_ */
