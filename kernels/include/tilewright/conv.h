/* Convolutions of [batch][row][column][channel] with constant weights.
 *
 * Output channel o belongs to group o / (output_channels / groups) and reads the input channels of
 * that group. Tap (ky, kx) of output (y, x) reads input row y * stride_height - pad_top +
 * ky * dilation_height, and its column alike. weights: [output_channels][kernel_height]
 * [kernel_width][input_channels / groups]; scale and bias: [output_channels]. */
#ifndef TILEWRIGHT_CONV_H_
#define TILEWRIGHT_CONV_H_

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
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_conv_s8_parameters;

/* output = requantise(sum of input * weight, scale[o], bias[o]); the bias holds the correction for
 * the input's zero point over all taps, so taps outside of the input read that zero point. */
void tw_conv_s8(const tw_conv_s8_parameters *parameters, const int8_t *input, const int8_t *weights,
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
  uint32_t groups;
  int32_t input_zero_point; /* what taps outside of the input read */
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
  uint32_t weight_bits;      /* 4 or 2 */
  uint32_t outputs_together; /* whose weights are widened at a time, 1 or more */
} tw_conv_narrow_s8_parameters;

/* tw_conv_s8 with weights of fewer bits: rows of narrow_weights.h, one for each output channel.
 * scratch: outputs_together rows of widened weights for each of `cores`. */
void tw_conv_narrow_s8(const tw_conv_narrow_s8_parameters *parameters, const int8_t *input,
                       const uint8_t *weights, const uint32_t *scale, const int32_t *bias,
                       int8_t *output, int8_t *scratch, uint32_t core, uint32_t cores);

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
  int32_t input_zero_point; /* what taps outside of the input read */
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_conv_packed_s8_parameters;

/* Most taps of kernels whose input is read in place; windows of larger ones are copied. */
#define TW_CONV_PACKED_TAPS 25u

/* Whether input channels make whole stored words of weights of `bits` bits, so that windows need
 * not be copied. */
static inline uint32_t tw_conv_packed_s8_in_place(uint32_t taps, uint32_t input_channels,
                                                  uint32_t bits) {
  return input_channels % (32 / bits) == 0 && taps <= TW_CONV_PACKED_TAPS;
}

/* Bytes of scratch memory that each core needs: a pixel of the padding, or four windows. */
static inline uint32_t tw_conv_packed_s8_scratch(uint32_t taps, uint32_t input_channels,
                                                 uint32_t bits) {
  const uint32_t values = 32 / bits;
  return tw_conv_packed_s8_in_place(taps, input_channels, bits)
             ? input_channels
             : 4 * ((taps * input_channels + values - 1) / values * values);
}

/* tw_conv_s8 with one group and packed weights, scale and bias (packed_block.h); values are those
 * of a window in the order [kernel_height][kernel_width][input_channels]. Cores share blocks of 4
 * pixels by 4 output channels.
 *
 * input: fastest if the address and input_channels are multiples of 4. weights: blocks of
 * (kernel_height * kernel_width * input_channels + 3) / 4 words, a multiple of 4. scratch: a
 * multiple of 4, tw_conv_packed_s8_scratch for each of `cores`. */
void tw_conv_packed_s8(const tw_conv_packed_s8_parameters *parameters, const int8_t *input,
                       const int8_t *weights, int8_t *output, int8_t *scratch, uint32_t core,
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
  int32_t input_zero_point; /* what taps outside of the input read */
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_conv_packed_s8_w4_parameters;

/* tw_conv_packed_s8 with weights of 4 bits. */
void tw_conv_packed_s8_w4(const tw_conv_packed_s8_w4_parameters *parameters, const int8_t *input,
                          const int8_t *weights, int8_t *output, int8_t *scratch, uint32_t core,
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
  int32_t input_zero_point; /* what taps outside of the input read */
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_conv_packed_s8_w2_parameters;

/* tw_conv_packed_s8 with weights of 2 bits. */
void tw_conv_packed_s8_w2(const tw_conv_packed_s8_w2_parameters *parameters, const int8_t *input,
                          const int8_t *weights, int8_t *output, int8_t *scratch, uint32_t core,
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
  int32_t input_zero_point; /* what taps outside of the input read */
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_depthwise_conv_s8_parameters;

/* tw_conv_s8 with as many groups as input channels; output channel o reads input channel
 * o / (output_channels / input_channels). */
void tw_depthwise_conv_s8(const tw_depthwise_conv_s8_parameters *parameters, const int8_t *input,
                          const int8_t *weights, const uint32_t *scale, const int32_t *bias,
                          int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t batches;
  uint32_t input_height;
  uint32_t input_width;
  uint32_t input_channels; /* a multiple of 4 */
  uint32_t output_height;
  uint32_t output_width;
  uint32_t output_channels;
  uint32_t kernel_height;
  uint32_t kernel_width;
  uint32_t stride_height;
  uint32_t stride_width;
  uint32_t dilation_height; /* 1 */
  uint32_t dilation_width;  /* 1 */
  int32_t pad_top;
  int32_t pad_left;
  int32_t input_zero_point; /* what taps outside of the input read */
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
  uint32_t band_rows;        /* output rows that a core computes at a time, any */
  uint32_t input_row_stride; /* bytes */
  uint32_t input_pixel_stride;
  uint32_t output_row_stride;
  uint32_t output_pixel_stride;
} tw_depthwise_conv_packed_s8_parameters;

/* Bytes of scratch memory that each core needs: four input channels of what a band reads, a plane
 * each. */
static inline uint32_t tw_depthwise_conv_packed_s8_scratch(
    uint32_t band_rows, uint32_t output_width, uint32_t kernel_height, uint32_t kernel_width,
    uint32_t stride_height, uint32_t stride_width) {
  const uint32_t rows = (band_rows - 1) * stride_height + kernel_height;
  const uint32_t pitch =
      ((output_width - 1) * stride_width + (kernel_width + 3) / 4 * 4 + 3) / 4 * 4;
  return 4 * rows * pitch;
}

/* tw_depthwise_conv_s8 with packed weights: for each output channel
 *
 *     int8   weights[kernel_height][(kernel_width + 3) / 4 * 4]    rows end with zeros
 *     uint32 scale
 *     int32  bias
 *
 * Cores share bands of four input channels. Strips of four outputs of a row are what kernels of 3x3
 * taps compute at a time: for an image that is narrow and high, its strides, and with them its
 * height and width and those of the kernel, may be exchanged.
 *
 * input, weights, scratch: multiples of 4; scratch: tw_depthwise_conv_packed_s8_scratch for each of
 * `cores`. */
void tw_depthwise_conv_packed_s8(const tw_depthwise_conv_packed_s8_parameters *parameters,
                                 const int8_t *input, const int8_t *weights, int8_t *output,
                                 int8_t *scratch, uint32_t core, uint32_t cores);

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
  float minimum;
  float maximum;
} tw_conv_f32_parameters;

/* output = clip(bias[o] + sum of input * weight); the sum starts from the bias (0 if that is NULL)
 * and runs over kernel rows, kernel columns, input channels; taps outside of the input are
 * skipped. */
void tw_conv_f32(const tw_conv_f32_parameters *parameters, const float *input, const float *weights,
                 const float *bias, float *output, uint32_t core, uint32_t cores);

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
  float minimum;
  float maximum;
} tw_depthwise_conv_f32_parameters;

/* tw_conv_f32 with as many groups as input channels. */
void tw_depthwise_conv_f32(const tw_depthwise_conv_f32_parameters *parameters, const float *input,
                           const float *weights, const float *bias, float *output, uint32_t core,
                           uint32_t cores);

#endif /* TILEWRIGHT_CONV_H_ */
