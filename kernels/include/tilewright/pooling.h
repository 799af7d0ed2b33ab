/* Max and average pooling of [batch][row][column][channel].
 *
 * Tap (ky, kx) of output (y, x) reads input row y * stride_height - pad_top + ky * dilation_height,
 * and its column alike; taps outside of the input are skipped. Every window has one inside. */
#ifndef TILEWRIGHT_POOLING_H_
#define TILEWRIGHT_POOLING_H_

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
} tw_max_pool_s8_parameters;

/* output = the largest input of the window. */
void tw_max_pool_s8(const tw_max_pool_s8_parameters *parameters, const int8_t *input,
                    int8_t *output, uint32_t core, uint32_t cores);

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
} tw_max_pool_f32_parameters;

/* output = the largest input of the window, the first of equals; NaN if any is. */
void tw_max_pool_f32(const tw_max_pool_f32_parameters *parameters, const float *input,
                     float *output, uint32_t core, uint32_t cores);

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
  int32_t counted_top; /* padding that counts as zeros: taps in it are part of the average */
  int32_t counted_left;
  int32_t counted_bottom;
  int32_t counted_right;
  uint32_t count; /* taps that count in every window; 0 if windows differ */
  int32_t input_zero_point;
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;
  int32_t output_zero_point;
} tw_average_pool_s8_parameters;

/* output = requantise(sum of (input - input_zero_point), scale[k], bias[k]), where k is the number
 * of taps that count, or 0 if that is the same for all windows. */
void tw_average_pool_s8(const tw_average_pool_s8_parameters *parameters, const int8_t *input,
                        const uint32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                        uint32_t cores);

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
  int32_t counted_top; /* as for tw_average_pool_s8 */
  int32_t counted_left;
  int32_t counted_bottom;
  int32_t counted_right;
} tw_average_pool_f32_parameters;

/* output = sum / count; the sum starts from 0 and runs over kernel rows and kernel columns. */
void tw_average_pool_f32(const tw_average_pool_f32_parameters *parameters, const float *input,
                         float *output, uint32_t core, uint32_t cores);

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
  uint32_t norm; /* p, 1 or more */
} tw_lp_pool_f32_parameters;

/* output = the p-th root of the sum of |input|^p over the window. The sum starts from 0 and runs
 * over kernel rows and kernel columns; powers are repeated products; roots from the third on are
 * exp(log(sum) / p). */
void tw_lp_pool_f32(const tw_lp_pool_f32_parameters *parameters, const float *input, float *output,
                    uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_POOLING_H_ */
