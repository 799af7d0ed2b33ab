/* Positions of outputs and taps for kernels that slide a window over [batch][row][column][channel].
 */
#ifndef TILEWRIGHT_WINDOW_H_
#define TILEWRIGHT_WINDOW_H_

#include <stdint.h>

/* One output element. */
typedef struct {
  uint32_t batch;
  uint32_t row;
  uint32_t column;
  uint32_t channel;
} tw_position;

/* The position of flat index `element` in [batch][rows][columns][channels]. */
static inline tw_position tw_position_at(uint32_t element, uint32_t rows, uint32_t columns,
                                         uint32_t channels) {
  const uint32_t pixel = element / channels;
  const uint32_t line = pixel / columns;
  const tw_position position = {line / rows, line % rows, pixel % columns, element % channels};
  return position;
}

/* Moves on to the next element in memory order. */
static inline void tw_position_next(tw_position *position, uint32_t rows, uint32_t columns,
                                    uint32_t channels) {
  if (++position->channel < channels) {
    return;
  }
  position->channel = 0;
  if (++position->column < columns) {
    return;
  }
  position->column = 0;
  if (++position->row < rows) {
    return;
  }
  position->row = 0;
  ++position->batch;
}

/* Input index that a tap reads on one axis; negative or past the end in the padding. */
static inline int32_t tw_tap(uint32_t output, uint32_t stride, int32_t pad, uint32_t tap,
                             uint32_t dilation) {
  return (int32_t)(output * stride + tap * dilation) - pad;
}

/* Whether an index lies inside of [0, extent). */
static inline int tw_inside(int32_t index, uint32_t extent) {
  return index >= 0 && (uint32_t)index < extent;
}

/* Index of pixel (y, x), which lies inside of the image. */
static inline uint32_t tw_pixel(uint32_t batch, int32_t y, int32_t x, uint32_t height,
                                uint32_t width) {
  return (batch * height + (uint32_t)y) * width + (uint32_t)x;
}

/* Taps of one output on one axis that lie in [-before, end). */
static inline uint32_t tw_count_taps(uint32_t output, uint32_t stride, int32_t pad, uint32_t taps,
                                     uint32_t dilation, int32_t before, int32_t end) {
  uint32_t count = 0;
  for (uint32_t tap = 0; tap < taps; ++tap) {
    const int32_t index = tw_tap(output, stride, pad, tap, dilation);
    count += index >= -before && index < end;
  }
  return count;
}

#endif /* TILEWRIGHT_WINDOW_H_ */
