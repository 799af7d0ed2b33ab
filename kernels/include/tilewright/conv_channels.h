/* Some output channels of a convolution. No kernel itself but what those for weights of 8 and of
 * fewer bits share. */
#ifndef TILEWRIGHT_CONV_CHANNELS_H_
#define TILEWRIGHT_CONV_CHANNELS_H_

#include "tilewright/conv.h"
#include "tilewright/inner_product.h"
#include "tilewright/parallel.h"
#include "tilewright/receptive_field.h"
#include "tilewright/requantise_sums.h"
#include "tilewright/window.h"

/* How the taps inside of the input follow each other. */
typedef struct {
  tw_runs runs;         /* all of them, or those of one kernel row, which ... */
  uint32_t repeats;     /* ... come so often, ... */
  uint32_t input_step;  /* ... so far apart in the input ... */
  uint32_t weight_step; /* ... and in the weights */
  uint32_t next_pixel;  /* from what the first pixel reads to what the second one reads */
} tw_tap_walk;

static inline tw_tap_walk tw_tap_walk_of(const tw_conv_s8_parameters *parameters,
                                         const tw_field *field) {
  const uint32_t channels = parameters->input_channels;
  const uint32_t each = channels / parameters->groups;
  const uint32_t columns = field->columns.end - field->columns.begin;
  const uint32_t rows = columns == 0 ? 0 : field->rows.end - field->rows.begin;
  tw_tap_walk result = {
      .repeats = rows,
      .input_step = parameters->dilation_height * parameters->input_width * channels,
      .weight_step = parameters->kernel_width * each,
      .next_pixel = parameters->stride_width * channels};
  if (parameters->groups == 1 && parameters->dilation_width == 1 && rows != 0) {
    /* Neighbouring taps of a kernel row read consecutive values, and so do their weights. */
    result.runs = (tw_runs){rows, columns * each, result.input_step, result.weight_step};
    result.repeats = 1;
  } else {
    result.runs = (tw_runs){columns, each, parameters->dilation_width * channels, each};
  }
  return result;
}

/* Adds the products of all taps inside. `weights`: of the first tap inside for `outputs` outputs, 1
 * or TW_BLOCK_OUTPUTS, which are `stride` apart. */
static inline void tw_add_products(const tw_tap_walk *taps, uint32_t pixels, const int8_t *input,
                                   const int8_t *weights, uint32_t stride, uint32_t outputs,
                                   int32_t sums[2][TW_BLOCK_OUTPUTS]) {
  for (uint32_t i = 0; i < taps->repeats; ++i) {
    if (outputs == 1) {
      for (uint32_t pixel = 0; pixel < pixels; ++pixel) {
        tw_inner_product(&taps->runs, input + pixel * taps->next_pixel, weights, sums[pixel]);
      }
    } else if (pixels == 1) {
      tw_inner_products(&taps->runs, input, weights, stride, sums[0]);
    } else {
      tw_inner_products_of_pair(&taps->runs, input, taps->next_pixel, weights, stride, sums);
    }
    input += taps->input_step;
    weights += taps->weight_step;
  }
}

/* Computes output channels `channels` of output pixels `pixels`. weights: of the first of these
 * channels; scale, bias and output: of channel 0. */
static inline void tw_conv_channels(const tw_conv_s8_parameters *parameters, tw_range pixels,
                                    tw_range channels, const int8_t *input, const int8_t *weights,
                                    const uint32_t *scale, const int32_t *bias, int8_t *output) {
  const tw_window window = TW_WINDOW(parameters);
  const tw_requantisation requantisation = TW_REQUANTISATION(parameters);
  const uint32_t outputs = parameters->output_channels;
  const uint32_t input_channels = parameters->input_channels;
  const uint32_t each = input_channels / parameters->groups;
  const uint32_t outputs_each = outputs / parameters->groups;
  const uint32_t stride = window.kernel_height * window.kernel_width * each;
  tw_position at = tw_position_at(pixels.begin, window.output_height, window.output_width, 1);
  tw_field field;
  for (uint32_t i = pixels.begin; i < pixels.end; i += field.pixels) {
    field = tw_field_at(&window, &at, pixels.end - i);
    const tw_tap_walk taps = tw_tap_walk_of(parameters, &field);
    const uint32_t first_tap =
        (field.rows.begin * window.kernel_width + field.columns.begin) * each;
    uint32_t block;
    for (uint32_t o = channels.begin; o < channels.end; o += block) {
      const uint32_t group = o / outputs_each;
      const uint32_t left = outputs_each - o % outputs_each;
      const int full = left >= TW_BLOCK_OUTPUTS && channels.end - o >= TW_BLOCK_OUTPUTS;
      block = full ? TW_BLOCK_OUTPUTS : 1;
      const int8_t *weight = weights + (o - channels.begin) * stride;
      int32_t sums[2][TW_BLOCK_OUTPUTS] = {{0}};
      if (!field.whole && parameters->input_zero_point != 0) {
        for (uint32_t k = 0; k < block; ++k) {
          sums[0][k] = parameters->input_zero_point *
                       tw_weights_outside(&window, &field, each, weight + k * stride);
          sums[1][k] = sums[0][k];
        }
      }
      tw_add_products(&taps, field.pixels, input + field.corner * input_channels + group * each,
                      weight + first_tap, stride, block, sums);
      for (uint32_t pixel = 0; pixel < field.pixels; ++pixel) {
        tw_requantise_sums(&requantisation, sums[pixel], scale + o, bias + o, block,
                           output + (i + pixel) * outputs + o);
      }
    }
    for (uint32_t pixel = 0; pixel < field.pixels; ++pixel) {
      tw_position_next(&at, window.output_height, window.output_width, 1);
    }
  }
}

#endif /* TILEWRIGHT_CONV_CHANNELS_H_ */
