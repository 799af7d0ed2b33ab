/* Inner parts of depthwise convolutions: no kernels themselves.
 *
 * Four channels at a time are taken apart into planes, [row][column] of one channel each, in which
 * neighbouring taps are neighbours in memory. */
#ifndef TILEWRIGHT_DEPTHWISE_H_
#define TILEWRIGHT_DEPTHWISE_H_

#include <stdint.h>

/* How words are stored to planes, and scale and bias read from packed weights. */
typedef uint32_t __attribute__((__may_alias__)) tw_depthwise_word;

/* Four channels of an image: planes[c][row * pitch + i] = pixels[row][i][c] for `count` pixels of
 * `rows` rows and c in 0...3. */
typedef struct {
  const int8_t *pixels;
  uint32_t pixel_stride; /* bytes */
  uint32_t count;        /* 1 or more */
  uint32_t row_stride;
  uint32_t rows;
  int8_t *planes;
  uint32_t pitch;
  uint32_t plane_bytes; /* from one plane to the next */
} tw_split;

void tw_split_pixels(const tw_split *split);

/* `rows` rows of `width` outputs of some channels. */
typedef struct {
  const int8_t *plane; /* where the first output's window begins */
  uint32_t pitch;      /* bytes from one row of the plane to the next */
  uint32_t plane_bytes;
  const int8_t *weights; /* packed, scale and bias follow; a multiple of 4 */
  uint32_t shift;
  int32_t low;
  int32_t high;
  int8_t *output;        /* the first of the first channel; the next channel's is beside it */
  uint32_t pixel_stride; /* bytes from one output of a row to the next */
  uint32_t row_stride;   /* bytes from one row of outputs to the next */
  uint32_t rows;         /* 1 or more */
  uint32_t width;        /* 4 or more */
  uint32_t channels;     /* 1 or more */
} tw_depthwise_strips;

/* Kernels of 3x3 taps with stride 1 and 2. */
void tw_depthwise_strips_1(const tw_depthwise_strips *strips);
void tw_depthwise_strips_2(const tw_depthwise_strips *strips);

/* The sum of one window: `height` rows of `words` words of 4 taps each. */
int32_t tw_depthwise_sum(const int8_t *plane, uint32_t pitch, const int8_t *weights,
                         uint32_t height, uint32_t words);

#endif /* TILEWRIGHT_DEPTHWISE_H_ */
