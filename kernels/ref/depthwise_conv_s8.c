#include "tilewright/channel_products.h"
#include "tilewright/conv.h"
#include "tilewright/parallel.h"
#include "tilewright/receptive_field.h"
#include "tilewright/requantise_sums.h"
#include "tilewright/window.h"

/* Adds the products of one window outside of the input, where `padding` is read, a rectangle of
 * taps at a time. */
static void add_padding(const tw_window *window, const tw_field *field, const int8_t *padding,
                        const int8_t *weights, uint32_t stride, uint32_t channels, int32_t *sums) {
  const tw_range above = {0, field->rows.begin};
  const tw_range below = {field->rows.end, window->kernel_height};
  const tw_range all = {0, window->kernel_width};
  const tw_range left = {0, field->columns.begin};
  const tw_range right = {field->columns.end, window->kernel_width};
  const tw_range rectangles[][2] = {
      {above, all}, {below, all}, {field->rows, left}, {field->rows, right}};
  for (uint32_t i = 0; i < sizeof rectangles / sizeof rectangles[0]; ++i) {
    const tw_range rows = rectangles[i][0];
    const tw_range columns = rectangles[i][1];
    const tw_channel_taps taps = {.rows = rows.end - rows.begin,
                                  .columns = columns.end - columns.begin,
                                  .weight_row = window->kernel_width};
    const int8_t *weight = weights + rows.begin * window->kernel_width + columns.begin;
    if (taps.rows != 0 && taps.columns != 0) {
      tw_channel_products(&taps, padding, weight, stride, channels, sums);
    }
  }
}

void tw_depthwise_conv_s8(const tw_depthwise_conv_s8_parameters *parameters, const int8_t *input,
                          const int8_t *weights, const uint32_t *scale, const int32_t *bias,
                          int8_t *output, uint32_t core, uint32_t cores) {
  const tw_window window = TW_WINDOW(parameters);
  const tw_requantisation requantisation = TW_REQUANTISATION(parameters);
  const uint32_t outputs = parameters->output_channels;
  const uint32_t channels = parameters->input_channels;
  const uint32_t multiplier = outputs / channels;
  const uint32_t stride = window.kernel_height * window.kernel_width;
  const uint32_t next_pixel = window.stride_width * channels;
  const tw_pixel_share share = tw_share_pixels(
      parameters->batches * window.output_height * window.output_width, outputs, core, cores);
  tw_position at = tw_position_at(share.pixels.begin, window.output_height, window.output_width, 1);
  int8_t padding[TW_STRIP_CHANNELS];
  for (uint32_t c = 0; c < TW_STRIP_CHANNELS; ++c) {
    padding[c] = (int8_t)parameters->input_zero_point;
  }
  tw_field field;
  for (uint32_t i = share.pixels.begin; i < share.pixels.end; i += field.pixels) {
    field = tw_field_at(&window, &at, share.pixels.end - i);
    const uint32_t columns = field.columns.end - field.columns.begin;
    const tw_channel_taps taps = {
        .rows = columns == 0 ? 0 : field.rows.end - field.rows.begin,
        .columns = columns,
        .input_row = window.dilation_height * window.input_width * channels,
        .input_column = window.dilation_width * channels,
        .weight_row = window.kernel_width};
    const uint32_t first_tap = field.rows.begin * window.kernel_width + field.columns.begin;
    uint32_t count;
    for (uint32_t o = share.channels.begin; o < share.channels.end; o += count) {
      /* With a multiplier, neighbouring outputs do not read neighbouring inputs. */
      const uint32_t left = share.channels.end - o;
      const uint32_t most = multiplier == 1 ? TW_STRIP_CHANNELS : 1;
      count = left < most ? left : most;
      const int8_t *in = input + field.corner * channels + o / multiplier;
      const int8_t *weight = weights + o * stride;
      int32_t sums[2][TW_STRIP_CHANNELS];
      for (uint32_t c = 0; c < count; ++c) {
        sums[0][c] = 0;
      }
      if (!field.whole && parameters->input_zero_point != 0) {
        add_padding(&window, &field, padding, weight, stride, count, sums[0]);
      }
      for (uint32_t c = 0; c < count; ++c) {
        sums[1][c] = sums[0][c];
      }
      if (field.pixels == 1) {
        tw_channel_products(&taps, in, weight + first_tap, stride, count, sums[0]);
      } else {
        tw_channel_products_of_pair(&taps, in, next_pixel, weight + first_tap, stride, count, sums);
      }
      for (uint32_t pixel = 0; pixel < field.pixels; ++pixel) {
        tw_requantise_sums(&requantisation, sums[pixel], scale + o, bias + o, count,
                           output + (i + pixel) * outputs + o);
      }
    }
    for (uint32_t pixel = 0; pixel < field.pixels; ++pixel) {
      tw_position_next(&at, window.output_height, window.output_width, 1);
    }
  }
}
