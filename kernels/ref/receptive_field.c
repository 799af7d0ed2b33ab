#include "tilewright/receptive_field.h"

/* Taps of one output on one axis that lie inside of the input; none: `begin` = `end`. */
static tw_range taps_inside(uint32_t output, uint32_t stride, int32_t pad, uint32_t taps,
                            uint32_t dilation, uint32_t extent) {
  tw_range inside = {0, taps};
  while (inside.begin < taps && tw_tap(output, stride, pad, inside.begin, dilation) < 0) {
    ++inside.begin;
  }
  while (inside.end > inside.begin &&
         tw_tap(output, stride, pad, inside.end - 1, dilation) >= (int32_t)extent) {
    --inside.end;
  }
  return inside;
}

static tw_range columns_inside(const tw_window *window, uint32_t column) {
  return taps_inside(column, window->stride_width, window->pad_left, window->kernel_width,
                     window->dilation_width, window->input_width);
}

tw_field tw_field_at(const tw_window *window, const tw_position *at, uint32_t pixels_left) {
  tw_field field = {.pixels = 1};
  field.rows = taps_inside(at->row, window->stride_height, window->pad_top, window->kernel_height,
                           window->dilation_height, window->input_height);
  field.columns = columns_inside(window, at->column);
  if (pixels_left > 1 && at->column + 1 < window->output_width) {
    const tw_range next = columns_inside(window, at->column + 1);
    if (next.begin == field.columns.begin && next.end == field.columns.end) {
      field.pixels = 2;
    }
  }
  const uint32_t rows = field.rows.end - field.rows.begin;
  const uint32_t columns = field.columns.end - field.columns.begin;
  field.whole = rows == window->kernel_height && columns == window->kernel_width;
  if (rows != 0 && columns != 0) {
    const int32_t y = tw_tap(at->row, window->stride_height, window->pad_top, field.rows.begin,
                             window->dilation_height);
    const int32_t x = tw_tap(at->column, window->stride_width, window->pad_left,
                             field.columns.begin, window->dilation_width);
    field.corner = tw_pixel(at->batch, y, x, window->input_height, window->input_width);
  }
  return field;
}

tw_pixel_share tw_share_pixels(uint32_t pixels, uint32_t channels, uint32_t core, uint32_t cores) {
  tw_pixel_share share = {{0, pixels}, {0, channels}};
  if (pixels >= cores) {
    share.pixels = tw_share(pixels, core, cores);
  } else {
    share.channels = tw_share(channels, core, cores);
  }
  return share;
}

static int32_t sum_of(const int8_t *values, uint32_t count) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < count; ++i) {
    sum += values[i];
  }
  return sum;
}

int32_t tw_weights_outside(const tw_window *window, const tw_field *field, uint32_t channels,
                           const int8_t *weights) {
  const uint32_t width = window->kernel_width;
  int32_t sum = 0;
  for (uint32_t ky = 0; ky < window->kernel_height; ++ky, weights += width * channels) {
    if (ky < field->rows.begin || ky >= field->rows.end) {
      sum += sum_of(weights, width * channels);
    } else {
      sum += sum_of(weights, field->columns.begin * channels);
      sum +=
          sum_of(weights + field->columns.end * channels, (width - field->columns.end) * channels);
    }
  }
  return sum;
}
