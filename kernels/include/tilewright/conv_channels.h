/* Some output channels of a convolution. No kernel itself but what those for weights of 8 and of
 * fewer bits share. */
#ifndef TILEWRIGHT_CONV_CHANNELS_H_
#define TILEWRIGHT_CONV_CHANNELS_H_

#include "tilewright/conv.h"
#include "tilewright/conv_taps.h"
#include "tilewright/parallel.h"
#include "tilewright/receptive_field.h"
#include "tilewright/requantise_sums.h"
#include "tilewright/window.h"

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
    const tw_conv_taps taps = tw_conv_taps_of(&window, &field, input_channels, parameters->groups);
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
      tw_add_conv_products(&taps, field.pixels,
                           input + field.corner * input_channels + group * each, weight + first_tap,
                           stride, block, sums);
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
