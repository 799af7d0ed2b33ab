/* Sums of products of int8 in int32, where what is made of them is not the requantisation of the
 * kernels that end in int8. */
#ifndef TILEWRIGHT_INTEGER_SUMS_H_
#define TILEWRIGHT_INTEGER_SUMS_H_

#include <stdint.h>

typedef struct {
  uint32_t batches;
  uint32_t input_height;
  uint32_t input_width;
  uint32_t input_channels;
  uint32_t output_height;
  uint32_t output_width;
  uint32_t output_channels;
  uint32_t kernel_height;
  uint32_t kernel_width;
  uint32_t stride_height;
  uint32_t stride_width;
  uint32_t dilation_height;
  uint32_t dilation_width;
  int32_t pad_top;
  int32_t pad_left;
  uint32_t groups;
  int32_t input_zero_point; /* what taps outside of the input read */
} tw_conv_sums_s8_parameters;

/* output = bias[o] + sum of input * weight; layouts as of tw_conv_s8 (conv.h). */
void tw_conv_sums_s8(const tw_conv_sums_s8_parameters *parameters, const int8_t *input,
                     const int8_t *weights, const int32_t *bias, int32_t *output, uint32_t core,
                     uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
} tw_matmul_sums_s8_parameters;

/* output[r][c] = bias[c] + sum over k of input[r][k] * weights[c][k]. */
void tw_matmul_sums_s8(const tw_matmul_sums_s8_parameters *parameters, const int8_t *input,
                       const int8_t *weights, const int32_t *bias, int32_t *output, uint32_t core,
                       uint32_t cores);

typedef struct {
  uint32_t batch[6];
  int32_t left_strides[6];
  int32_t right_strides[6];
  uint32_t matrices;
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  int32_t left_zero_point;
  int32_t right_zero_point;
} tw_batched_matmul_sums_s8_parameters;

/* output = sum over k of (left[r][k] - left_zero_point) * (right[c][k] - right_zero_point); batches
 * as of tw_batched_matmul_s8 (batched_matmul.h); inner <= 32767. */
void tw_batched_matmul_sums_s8(const tw_batched_matmul_sums_s8_parameters *parameters,
                               const int8_t *left, const int8_t *right, int32_t *output,
                               uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_INTEGER_SUMS_H_ */
