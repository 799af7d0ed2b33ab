#include "tilewright/windows.h"

#include "tilewright/bytes.h"
#include "tilewright/parallel.h"
#include "tilewright/window.h"

/* The taps of an axis that lie inside of the input: [begin, end) of `taps`. */
static inline tw_range taps_inside(int32_t first, uint32_t dilation, uint32_t taps,
                                   uint32_t extent) {
  tw_range inside = {0, taps};
  while (inside.begin < taps && first + (int32_t)(inside.begin * dilation) < 0) {
    ++inside.begin;
  }
  while (inside.end > inside.begin &&
         first + (int32_t)((inside.end - 1) * dilation) >= (int32_t)extent) {
    --inside.end;
  }
  return inside;
}

/* Copies a window that reaches out of the input, or whose taps are no neighbours. */
static void copy_taps(const tw_windows_parameters *p, int32_t y, int32_t x, const int8_t *input,
                      int8_t *to) {
  const uint32_t channels = p->input_channels;
  const uint32_t row_bytes = p->kernel_width * channels;
  const tw_range rows = taps_inside(y, p->dilation_height, p->kernel_height, p->input_height);
  const tw_range columns = taps_inside(x, p->dilation_width, p->kernel_width, p->input_width);
  const uint32_t count = columns.end - columns.begin;
  tw_fill_bytes(to, (int8_t)p->fill, p->kernel_height * row_bytes);
  if (rows.end == rows.begin || count == 0) {
    return;
  }
  const uint32_t pixel =
      tw_pixel(0, y + (int32_t)(rows.begin * p->dilation_height),
               x + (int32_t)(columns.begin * p->dilation_width), p->input_height, p->input_width);
  const int8_t *from = input + pixel * channels;
  const uint32_t row_step = p->dilation_height * p->input_width * channels;
  to += rows.begin * row_bytes + columns.begin * channels;
  for (uint32_t ky = rows.begin; ky < rows.end; ++ky) {
    if (p->dilation_width == 1) {
      tw_copy_rows(to, from, count * channels, 1, 0);
    } else {
      tw_copy_rows(to, from, channels, count, p->dilation_width * channels);
    }
    to += row_bytes;
    from += row_step;
  }
}

void tw_windows(const tw_windows_parameters *parameters, const int8_t *input, int8_t *output,
                uint32_t core, uint32_t cores) {
  const tw_windows_parameters *const p = parameters;
  const uint32_t row_bytes = p->kernel_width * p->input_channels;
  const uint32_t row_step = p->dilation_height * p->input_width * p->input_channels;
  /* Windows that begin in [0, limit) lie inside of the input. */
  const int32_t limit_y =
      (int32_t)p->input_height - (int32_t)((p->kernel_height - 1) * p->dilation_height);
  const int32_t limit_x =
      (int32_t)p->input_width - (int32_t)((p->kernel_width - 1) * p->dilation_width);
  const uint32_t window_bytes = p->kernel_height * row_bytes;
  const uint32_t image_bytes = p->input_height * p->input_width * p->input_channels;
  /* Every `cores`th pixel, beginning one further in each row: borders take longer. */
  uint32_t begin = core;
  for (uint32_t batch = 0; batch < p->batches; ++batch) {
    for (uint32_t row = 0; row < p->output_height; ++row) {
      const int32_t y = tw_tap(row, p->stride_height, p->pad_top, 0, 0);
      const int inside_y = y >= 0 && y < limit_y && p->dilation_width == 1;
      for (uint32_t column = begin; column < p->output_width; column += cores) {
        const int32_t x = tw_tap(column, p->stride_width, p->pad_left, 0, 0);
        int8_t *const to = output + column * window_bytes;
        if (inside_y && x >= 0 && x < limit_x) {
          const uint32_t pixel = tw_pixel(0, y, x, p->input_height, p->input_width);
          tw_copy_rows(to, input + pixel * p->input_channels, row_bytes, p->kernel_height,
                       row_step);
        } else {
          copy_taps(p, y, x, input, to);
        }
      }
      begin = begin + 1 == cores ? 0 : begin + 1;
      output += p->output_width * window_bytes;
    }
    input += image_bytes;
  }
}
