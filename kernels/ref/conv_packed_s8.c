#include <stddef.h>

#include "tilewright/conv.h"
#include "tilewright/packed_block.h"
#include "tilewright/parallel.h"
#include "tilewright/window.h"

/* Rows and columns of the input at which the window of an output pixel begins. */
typedef struct {
  const int8_t *image;
  int32_t y;
  int32_t x;
} origin;

static origin origin_of(const tw_conv_packed_s8_parameters *p, const int8_t *input,
                        const tw_position *pixel) {
  const origin at = {
      input + pixel->batch * p->input_height * p->input_width * p->input_channels,
      tw_tap(pixel->row, p->stride_height, p->pad_top, 0, 0),
      tw_tap(pixel->column, p->stride_width, p->pad_left, 0, 0),
  };
  return at;
}

static const int8_t *pixel_at(const tw_conv_packed_s8_parameters *p, const origin *at, int32_t y,
                              int32_t x) {
  return at->image + (y * (int32_t)p->input_width + x) * (int32_t)p->input_channels;
}

/* Whether all taps of the window lie inside of the input. */
static int is_inside(const tw_conv_packed_s8_parameters *p, const origin *at) {
  const int32_t bottom = at->y + (int32_t)((p->kernel_height - 1) * p->dilation_height);
  const int32_t right = at->x + (int32_t)((p->kernel_width - 1) * p->dilation_width);
  return at->y >= 0 && at->x >= 0 && bottom < (int32_t)p->input_height &&
         right < (int32_t)p->input_width;
}

/* One run for each row of the kernel: its taps are neighbours. */
static uint32_t runs_of_rows(const tw_conv_packed_s8_parameters *p,
                             const origin origins[TW_PACKED_ROWS], tw_packed_run *runs) {
  const uint32_t words = p->kernel_width * p->input_channels / TW_PACKED_VALUES;
  const int32_t step = (int32_t)(p->dilation_height * p->input_width * p->input_channels);
  const int8_t *starts[TW_PACKED_ROWS];
  for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
    starts[i] = pixel_at(p, &origins[i], origins[i].y, origins[i].x);
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
static uint32_t runs_of_taps(const tw_conv_packed_s8_parameters *p,
                             const origin origins[TW_PACKED_ROWS], const int8_t *padding,
                             tw_packed_run *runs) {
  const uint32_t words = p->input_channels / TW_PACKED_VALUES;
  const tw_packed_run *first = runs;
  for (uint32_t ky = 0; ky < p->kernel_height; ++ky) {
    for (uint32_t kx = 0; kx < p->kernel_width; ++kx) {
      for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
        const int32_t y = origins[i].y + (int32_t)(ky * p->dilation_height);
        const int32_t x = origins[i].x + (int32_t)(kx * p->dilation_width);
        const int inside = tw_inside(y, p->input_height) && tw_inside(x, p->input_width);
        runs->starts[i] = inside ? pixel_at(p, &origins[i], y, x) : padding;
      }
      runs->words = words;
      ++runs;
    }
  }
  return (uint32_t)(runs - first);
}

/* Copies a window; what follows it up to a whole word meets weights that are zero. */
static void copy_window(const tw_conv_packed_s8_parameters *p, const origin *at, int8_t *window) {
  const uint32_t channels = p->input_channels;
  const int dense = p->dilation_width == 1;
  for (uint32_t ky = 0; ky < p->kernel_height; ++ky) {
    const int32_t y = at->y + (int32_t)(ky * p->dilation_height);
    uint32_t taps;
    for (uint32_t kx = 0; kx < p->kernel_width; kx += taps) {
      const int32_t x = at->x + (int32_t)(kx * p->dilation_width);
      taps = 1;
      if (tw_inside(y, p->input_height) && tw_inside(x, p->input_width)) {
        if (dense) {
          const uint32_t reach = p->input_width - (uint32_t)x;
          taps = p->kernel_width - kx < reach ? p->kernel_width - kx : reach;
        }
        const int8_t *pixel = pixel_at(p, at, y, x);
        for (uint32_t k = 0; k < taps * channels; ++k) {
          *window++ = pixel[k];
        }
      } else {
        for (uint32_t k = 0; k < channels; ++k) {
          *window++ = (int8_t)p->input_zero_point;
        }
      }
    }
  }
}

/* One run for the whole window. */
static uint32_t runs_of_windows(const tw_conv_packed_s8_parameters *p,
                                const origin origins[TW_PACKED_ROWS], uint32_t count,
                                uint32_t words, int8_t *windows, tw_packed_run *runs) {
  for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
    const uint32_t source = i < count ? i : count - 1;
    int8_t *window = windows + source * words * TW_PACKED_VALUES;
    if (source == i) {
      copy_window(p, &origins[i], window);
    }
    runs->starts[i] = window;
  }
  runs->words = words;
  return 1;
}

void tw_conv_packed_s8(const tw_conv_packed_s8_parameters *parameters, const int8_t *input,
                       const int8_t *weights, int8_t *output, int8_t *scratch, uint32_t core,
                       uint32_t cores) {
  const tw_conv_packed_s8_parameters *p = parameters;
  const uint32_t columns = p->output_channels;
  const uint32_t taps = p->kernel_height * p->kernel_width;
  const uint32_t words = (taps * p->input_channels + TW_PACKED_VALUES - 1) / TW_PACKED_VALUES;
  const uint32_t block_bytes = tw_packed_block_bytes(words);
  const uint32_t blocks = (columns + TW_PACKED_OUTPUTS - 1) / TW_PACKED_OUTPUTS;
  const uint32_t pixels = p->batches * p->output_height * p->output_width;
  const uint32_t groups = (pixels + TW_PACKED_ROWS - 1) / TW_PACKED_ROWS;
  const uint32_t in_place = tw_conv_packed_s8_in_place(taps, p->input_channels);
  const tw_packed_requantisation requantisation = {p->shift, p->low, p->high, p->wide,
                                                   p->output_zero_point};
  const tw_range share = tw_share(groups * blocks, core, cores);
  if (share.begin == share.end) {
    return;
  }
  int8_t *own = scratch + core * tw_conv_packed_s8_scratch(taps, p->input_channels);
  if (in_place) {
    for (uint32_t k = 0; k < p->input_channels; ++k) {
      own[k] = (int8_t)p->input_zero_point;
    }
  }
  tw_packed_run runs[TW_CONV_PACKED_TAPS];
  uint32_t group = share.begin / blocks;
  uint32_t begin = share.begin % blocks;
  uint32_t left = share.end - share.begin;
  tw_position pixel = tw_position_at(group * TW_PACKED_ROWS, p->output_height, p->output_width, 1);
  while (left != 0) {
    const uint32_t end = begin + left < blocks ? begin + left : blocks;
    const uint32_t first = group * TW_PACKED_ROWS;
    const uint32_t count = pixels - first < TW_PACKED_ROWS ? pixels - first : TW_PACKED_ROWS;
    origin origins[TW_PACKED_ROWS];
    int inside = p->dilation_width == 1;
    for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
      origins[i] = origin_of(p, input, &pixel);
      inside = inside && is_inside(p, &origins[i]);
      if (i + 1 < count || count == TW_PACKED_ROWS) {
        tw_position_next(&pixel, p->output_height, p->output_width, 1);
      }
    }
    uint32_t run_count;
    if (!in_place) {
      run_count = runs_of_windows(p, origins, count, words, own, runs);
    } else if (inside) {
      run_count = runs_of_rows(p, origins, runs);
    } else {
      run_count = runs_of_taps(p, origins, own, runs);
    }
    tw_packed_columns(runs, run_count, count, weights, block_bytes, begin, end, columns,
                      &requantisation, output + first * columns);
    left -= end - begin;
    begin = 0;
    ++group;
  }
}
