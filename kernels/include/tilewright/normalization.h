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

typedef struct {
  uint32_t rows; /* batch * groups */
  uint32_t groups;
  uint32_t channels; /* per group */
  uint32_t inner;
  /* elements^2 * epsilon / s_x^2 with 16 fractional bits; two halves of 64 bits */
  uint32_t epsilon_low;
  uint32_t epsilon_high;
  uint32_t root_bits; /* smallest r with 4^r at least the elements of a row */
  uint32_t shift;
} tw_normalization_s8_parameters;

/* output = clip((t * scale + bias) >> shift), where t is the row, centred and divided by
 * 2^root_bits * sqrt(variance + epsilon), with 15 fractional bits; see docs/numerics.md.
 *
 * bias: shift, output zero point and rounding, in units of 2^-shift. At most 32,768 elements per
 * row. Input and output may be the same memory. */
void tw_normalization_s8(const tw_normalization_s8_parameters *parameters, const int8_t *input,
                         const int16_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                         uint32_t cores);

#endif /* TILEWRIGHT_NORMALIZATION_H_ */
