/* Convolutions with packed weights: a template, see weight_bits.h. */
#include <stddef.h>

#include "tilewright/bytes.h"
#include "tilewright/conv.h"
#include "tilewright/packed_block.h"
#include "tilewright/parallel.h"
#include "tilewright/weight_bits.h"
#include "tilewright/window.h"

/* An output pixel. */
typedef struct {
  const int8_t *start; /* where its window would begin in an input without borders */
  int32_t y;           /* rows and columns of that place */
  int32_t x;
} origin;

/* Goes through output pixels in order. */
typedef struct {
  tw_position position;
  origin at;
  /* Windows that begin in [0, limit) lie inside of the input. */
  int32_t limit_y;
  int32_t limit_x;
  int32_t step; /* bytes */
} cursor;

static void find_origin(cursor *c, const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * p,
                        const int8_t *input) {
  const tw_position *at = &c->position;
  c->at.y = tw_tap(at->row, p->stride_height, p->pad_top, 0, 0);
  c->at.x = tw_tap(at->column, p->stride_width, p->pad_left, 0, 0);
  const int32_t line = (int32_t)(at->batch * p->input_height) + c->at.y;
  c->at.start = input + (line * (int32_t)p->input_width + c->at.x) * (int32_t)p->input_channels;
}

static cursor cursor_at(const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * p, const int8_t *input,
                        uint32_t pixel) {
  cursor c = {
      .position = tw_position_at(pixel, p->output_height, p->output_width, 1),
      .limit_y = (int32_t)p->input_height - (int32_t)((p->kernel_height - 1) * p->dilation_height),
      .limit_x = (int32_t)p->input_width - (int32_t)((p->kernel_width - 1) * p->dilation_width),
      .step = (int32_t)(p->stride_width * p->input_channels),
  };
  find_origin(&c, p, input);
  return c;
}

static inline void go_on(cursor *c, const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * p,
                         const int8_t *input) {
  if (++c->position.column < p->output_width) {
    c->at.x += (int32_t)p->stride_width;
    c->at.start += c->step;
    return;
  }
  --c->position.column;
  tw_position_next(&c->position, p->output_height, p->output_width, 1);
  find_origin(c, p, input);
}

static inline int is_inside(const cursor *c, const origin *at) {
  return at->y >= 0 && at->x >= 0 && at->y < c->limit_y && at->x < c->limit_x;
}

/* One run for each row of the kernel: its taps are neighbours. */
static uint32_t runs_of_rows(const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * p,
                             const origin origins[TW_PACKED_ROWS], tw_packed_run *runs) {
  const uint32_t words = p->kernel_width * p->input_channels / TW_PACKED_VALUES;
  const int32_t step = (int32_t)(p->dilation_height * p->input_width * p->input_channels);
  const int8_t *starts[TW_PACKED_ROWS];
  for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
    starts[i] = origins[i].start;
  }
  for (uint32_t ky = 0; ky < p->kernel_height; ++ky) {
    for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
      runs[ky].starts[i] = starts[i];
      starts[i] += step;
    }
    runs[ky].words = words;
  }
  return p->kernel_height;
}

/* One run for each tap; those outside of the input read `padding`. */
static uint32_t runs_of_taps(const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * p,
                             const origin origins[TW_PACKED_ROWS], const int8_t *padding,
                             tw_packed_run *runs) {
  const uint32_t words = p->input_channels / TW_PACKED_VALUES;
  const int32_t row_step = (int32_t)(p->dilation_height * p->input_width * p->input_channels);
  const int32_t tap_step = (int32_t)(p->dilation_width * p->input_channels);
  const tw_packed_run *first = runs;
  for (uint32_t ky = 0; ky < p->kernel_height; ++ky) {
    for (uint32_t kx = 0; kx < p->kernel_width; ++kx) {
      const int32_t step = (int32_t)ky * row_step + (int32_t)kx * tap_step;
      for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
        const int32_t y = origins[i].y + (int32_t)(ky * p->dilation_height);
        const int32_t x = origins[i].x + (int32_t)(kx * p->dilation_width);
        const int inside = tw_inside(y, p->input_height) && tw_inside(x, p->input_width);
        runs->starts[i] = inside ? origins[i].start + step : padding;
      }
      runs->words = words;
      ++runs;
    }
  }
  return (uint32_t)(runs - first);
}

/* The taps of an axis that lie inside of the input: [begin, end) of `taps`. */
static tw_range taps_inside(int32_t first, uint32_t dilation, uint32_t taps, uint32_t extent) {
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

/* Copies a window that reaches out of the input. */
static void copy_border_window(const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * p, const origin *at,
                               int8_t *window) {
  const uint32_t channels = p->input_channels;
  const uint32_t width = p->kernel_width;
  const uint32_t row_bytes = width * channels;
  const int32_t row_step = (int32_t)(p->dilation_height * p->input_width * channels);
  const uint32_t tap_step = p->dilation_width * channels;
  const int8_t zero_point = (int8_t)p->input_zero_point;
  const tw_range rows = taps_inside(at->y, p->dilation_height, p->kernel_height, p->input_height);
  const tw_range columns = taps_inside(at->x, p->dilation_width, width, p->input_width);
  const uint32_t inside = columns.end - columns.begin;
  const int8_t *from =
      at->start + (int32_t)rows.begin * row_step + (int32_t)(columns.begin * tap_step);
  tw_fill_bytes(window, zero_point, rows.begin * row_bytes);
  window += rows.begin * row_bytes;
  for (uint32_t ky = rows.begin; ky < rows.end; ++ky) {
    tw_fill_bytes(window, zero_point, columns.begin * channels);
    window += columns.begin * channels;
    if (p->dilation_width == 1) {
      tw_copy_rows(window, from, inside * channels, 1, 0);
    } else {
      tw_copy_rows(window, from, channels, inside, tap_step);
    }
    window += inside * channels;
    tw_fill_bytes(window, zero_point, (width - columns.end) * channels);
    window += (width - columns.end) * channels;
    from += row_step;
  }
  tw_fill_bytes(window, zero_point, (p->kernel_height - rows.end) * row_bytes);
}

/* Copies windows; what follows one up to a whole word meets weights that are zero. */
static void copy_windows(const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * p, const cursor *c,
                         const origin origins[TW_PACKED_ROWS], uint32_t count,
                         uint32_t window_bytes, int8_t *windows) {
  const uint32_t row_bytes = p->kernel_width * p->input_channels;
  const uint32_t stride = p->dilation_height * p->input_width * p->input_channels;
  const int dense = p->dilation_width == 1;
  for (uint32_t i = 0; i < count; ++i) {
    if (dense && is_inside(c, &origins[i])) {
      tw_copy_rows(windows, origins[i].start, row_bytes, p->kernel_height, stride);
    } else {
      copy_border_window(p, &origins[i], windows);
    }
    windows += window_bytes;
  }
}

void TW_OF_BITS(tw_conv_packed_s8)(const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) * parameters,
                                   const int8_t *input, const int8_t *weights, int8_t *output,
                                   int8_t *scratch, uint32_t core, uint32_t cores) {
  const TW_PARAMETERS_OF_BITS(tw_conv_packed_s8) *p = parameters;
  const uint32_t columns = p->output_channels;
  const uint32_t taps = p->kernel_height * p->kernel_width;
  const uint32_t words = (taps * p->input_channels + TW_STORED_VALUES - 1) / TW_STORED_VALUES *
                         (TW_STORED_VALUES / TW_PACKED_VALUES);
  const uint32_t block_bytes = tw_packed_block_bytes(words, TW_WEIGHT_BITS);
  const uint32_t blocks = (columns + TW_PACKED_OUTPUTS - 1) / TW_PACKED_OUTPUTS;
  const uint32_t pixels = p->batches * p->output_height * p->output_width;
  const uint32_t groups = (pixels + TW_PACKED_ROWS - 1) / TW_PACKED_ROWS;
  const uint32_t in_place = tw_conv_packed_s8_in_place(taps, p->input_channels, TW_WEIGHT_BITS);
  const tw_packed_requantisation requantisation = {p->shift, p->low, p->high, p->wide,
                                                   p->output_zero_point};
  const tw_range share = tw_share(groups * blocks, core, cores);
  if (share.begin == share.end) {
    return;
  }
  int8_t *own = scratch + core * tw_conv_packed_s8_scratch(taps, p->input_channels, TW_WEIGHT_BITS);
  if (in_place) {
    tw_fill_bytes(own, (int8_t)p->input_zero_point, p->input_channels);
  }
  tw_packed_run runs[TW_CONV_PACKED_TAPS];
  uint32_t run_count = 1;
  runs[0].words = words;
  for (uint32_t i = 0; !in_place && i < TW_PACKED_ROWS; ++i) {
    runs[0].starts[i] = own + i * words * TW_PACKED_VALUES;
  }
  uint32_t group = share.begin / blocks;
  uint32_t begin = share.begin % blocks;
  uint32_t left = share.end - share.begin;
  cursor c = cursor_at(p, input, group * TW_PACKED_ROWS);
  while (left != 0) {
    const uint32_t end = begin + left < blocks ? begin + left : blocks;
    const uint32_t first = group * TW_PACKED_ROWS;
    const uint32_t count = pixels - first < TW_PACKED_ROWS ? pixels - first : TW_PACKED_ROWS;
    origin origins[TW_PACKED_ROWS];
    int inside = p->dilation_width == 1;
    for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
      origins[i] = c.at;
      inside = inside && is_inside(&c, &c.at);
      /* Rows that do not exist are as the last one that does. */
      if (i + 1 < count || count == TW_PACKED_ROWS) {
        go_on(&c, p, input);
      }
    }
    if (!in_place) {
      copy_windows(p, &c, origins, count, words * TW_PACKED_VALUES, own);
    } else if (inside) {
      run_count = runs_of_rows(p, origins, runs);
    } else {
      run_count = runs_of_taps(p, origins, own, runs);
    }
    TW_OF_BITS(tw_packed_columns)(runs, run_count, count, weights, block_bytes, begin, end, columns,
                                  &requantisation, output + first * columns);
    left -= end - begin;
    begin = 0;
    ++group;
  }
}
