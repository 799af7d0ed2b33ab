/* Rows of int8 divided by a root in integers. */
#ifndef TILEWRIGHT_INTEGER_NORMALIZATION_H_
#define TILEWRIGHT_INTEGER_NORMALIZATION_H_

#include <stdint.h>

typedef struct {
  uint32_t rows;
  uint32_t elements; /* of a row, at most 32768 */
  int32_t input_zero_point;
  uint32_t shift;
} tw_integer_layer_normalization_s8_parameters;

/* output = the lower 8 bits of ((x - m) * weight / s + bias) >> shift, where x = input - zero
 * point, m is the mean of the row, and s = floor(sqrt(floor(mean of (x - m)^2) + 1)); m and the
 * quotient by s are rounded towards zero.
 *
 * input, output: [rows][elements]; weight, bias: [elements]. */
void tw_integer_layer_normalization_s8(
    const tw_integer_layer_normalization_s8_parameters *parameters, const int8_t *input,
    const int32_t *weight, const int32_t *bias, int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t elements; /* of a row, at most 32768 */
  int32_t input_zero_point;
  uint32_t shift;
} tw_integer_rms_normalization_s8_parameters;

/* output = clip((x * weight / s) >> shift, -128, 127), where x = input - zero point and s is
 * floor(sqrt(floor(mean of x^2) + 1)); the quotient is rounded towards zero.
 *
 * input, output: [rows][elements]; weight: [elements]. */
void tw_integer_rms_normalization_s8(const tw_integer_rms_normalization_s8_parameters *parameters,
                                     const int8_t *input, const int32_t *weight, int8_t *output,
                                     uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_INTEGER_NORMALIZATION_H_ */
