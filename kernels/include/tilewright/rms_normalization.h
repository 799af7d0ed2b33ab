/* Root-mean-square normalisation of rows. */
#ifndef TILEWRIGHT_RMS_NORMALIZATION_H_
#define TILEWRIGHT_RMS_NORMALIZATION_H_

#include <stdint.h>

typedef struct {
  uint32_t rows;
  uint32_t elements; /* per row */
  int32_t input_zero_point;
  /* elements * epsilon / s_x^2 with 16 fractional bits; two halves of 64 bits */
  uint32_t epsilon_low;
  uint32_t epsilon_high;
  uint32_t shift;
  int32_t bias; /* output zero point and rounding, in units of 2^-shift */
} tw_rms_normalization_s8_parameters;

/* output[r][i] = clip((t[i] * gamma[i] + bias) >> shift), where t is row r centred and divided by
 * sqrt(sum of squares + epsilon), with 15 fractional bits; see docs/numerics.md.
 *
 * input, output: [rows][elements]; gamma: [elements]. At most 32,768 elements per row.
 */
void tw_rms_normalization_s8(const tw_rms_normalization_s8_parameters *parameters,
                             const int8_t *input, const int16_t *gamma, int8_t *output,
                             uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t elements; /* per row */
  float epsilon;
} tw_rms_normalization_f32_parameters;

/* output[r][i] = (input[r][i] * (1 / sqrt(sum / elements + epsilon))) * gamma[i], where sum adds
 * input[r][i] * input[r][i] for ascending i.
 *
 * input, output: [rows][elements]; gamma: [elements].
 */
void tw_rms_normalization_f32(const tw_rms_normalization_f32_parameters *parameters,
                              const float *input, const float *gamma, float *output, uint32_t core,
                              uint32_t cores);

#endif /* TILEWRIGHT_RMS_NORMALIZATION_H_ */
