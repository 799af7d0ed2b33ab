/* What pooling kernels share on CORE-V cores: windows without the taps that lie in the padding, and
 * words of four channels at any address. */
#ifndef KERNELS_XCOREV_POOLING_WINDOW_H_
#define KERNELS_XCOREV_POOLING_WINDOW_H_

#include "tilewright/parallel.h"
#include "tilewright/pooling.h"
#include "tilewright/simd.h"
#include "tilewright/window.h"

#define CHANNELS 4u

/* Taps of an axis that lie inside of the input. */
static inline tw_range taps_inside(uint32_t output, uint32_t stride, int32_t pad, uint32_t taps,
                                   uint32_t dilation, uint32_t extent) {
  tw_range inside = {0, taps};
  while (tw_tap(output, stride, pad, inside.begin, dilation) < 0) {
    ++inside.begin;
  }
  while (tw_tap(output, stride, pad, inside.end - 1, dilation) >= (int32_t)extent) {
    --inside.end;
  }
  return inside;
}

/* The window of one output pixel, without what lies in the padding. */
typedef struct {
  const int8_t *first;
  uint32_t rows;
  uint32_t columns;
  uint32_t row_step; /* bytes between rows and columns of taps */
  uint32_t column_step;
} window;

static inline window window_of(const tw_max_pool_s8_parameters *p, const int8_t *input,
                               const tw_position *at) {
  const tw_range rows = taps_inside(at->row, p->stride_height, p->pad_top, p->kernel_height,
                                    p->dilation_height, p->input_height);
  const tw_range columns = taps_inside(at->column, p->stride_width, p->pad_left, p->kernel_width,
                                       p->dilation_width, p->input_width);
  const int32_t y = tw_tap(at->row, p->stride_height, p->pad_top, rows.begin, p->dilation_height);
  const int32_t x =
      tw_tap(at->column, p->stride_width, p->pad_left, columns.begin, p->dilation_width);
  const window found = {
      input + tw_pixel(at->batch, y, x, p->input_height, p->input_width) * p->input_channels,
      rows.end - rows.begin,
      columns.end - columns.begin,
      p->dilation_height * p->input_width * p->input_channels,
      p->dilation_width * p->input_channels,
  };
  return found;
}

static inline tw_packed load(const int8_t *from) {
  tw_packed word;
  __asm__("lw %0, %1" : "=r"(word) : "m"(*(const uint32_t *)(const void *)from));
  return word;
}

static inline void store(int8_t *to, tw_packed word) {
  __asm__("sw %1, %0" : "=m"(*(uint32_t *)(void *)to) : "r"(word));
}

#endif /* KERNELS_XCOREV_POOLING_WINDOW_H_ */
