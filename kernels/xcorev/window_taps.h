/* The taps of a window that lie inside of the input. */
#ifndef KERNELS_XCOREV_WINDOW_TAPS_H_
#define KERNELS_XCOREV_WINDOW_TAPS_H_

#include <stdint.h>

#include "tilewright/parallel.h"
#include "tilewright/window.h"

/* Of `taps` on one axis, from tap `begin` up to, not including, `end`. */
static inline tw_range taps_inside(uint32_t output, uint32_t stride, int32_t pad, uint32_t taps,
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

#endif /* KERNELS_XCOREV_WINDOW_TAPS_H_ */
