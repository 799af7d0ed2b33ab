/* What outputs of a convolution read of its input, for kernels that take neighbours together. */
#ifndef TILEWRIGHT_RECEPTIVE_FIELD_H_
#define TILEWRIGHT_RECEPTIVE_FIELD_H_

#include <stdint.h>

#include "tilewright/parallel.h"
#include "tilewright/window.h"

/* The window of a convolution; fields as in the kernels' parameters. */
typedef struct {
  uint32_t input_height;
  uint32_t input_width;
  uint32_t output_height;
  uint32_t output_width;
  uint32_t kernel_height;
  uint32_t kernel_width;
  uint32_t stride_height;
  uint32_t stride_width;
  uint32_t dilation_height;
  uint32_t dilation_width;
  int32_t pad_top;
  int32_t pad_left;
} tw_window;

/* The tw_window of a kernel's parameters. */
#define TW_WINDOW(p)                                                                 \
  {(p)->input_height,    (p)->input_width,    (p)->output_height, (p)->output_width, \
   (p)->kernel_height,   (p)->kernel_width,   (p)->stride_height, (p)->stride_width, \
   (p)->dilation_height, (p)->dilation_width, (p)->pad_top,       (p)->pad_left}

/* What one output pixel reads, or two neighbours in a row whose windows reach out of the input in
 * the same way. */
typedef struct {
  uint32_t pixels;  /* 1 or 2; the second one's taps read `stride_width` pixels further */
  tw_range rows;    /* taps inside of the input */
  tw_range columns; /* taps inside of the input */
  int whole;        /* 1: all taps are */
  uint32_t corner;  /* input pixel that the first of them reads; 0 if there is none */
} tw_field;

/* The field of the output pixel at `at`, and of the next one if `pixels_left` is above 1. */
tw_field tw_field_at(const tw_window *window, const tw_position *at, uint32_t pixels_left);

/* A core's share of [pixels][channels]: some of the pixels, or of the channels of all pixels. */
typedef struct {
  tw_range pixels;
  tw_range channels;
} tw_pixel_share;

/* Cores share the pixels; if there are fewer than cores, the channels. */
tw_pixel_share tw_share_pixels(uint32_t pixels, uint32_t channels, uint32_t core, uint32_t cores);

/* Sum of one output's weights [kernel_height][kernel_width][channels] outside of the input. */
int32_t tw_weights_outside(const tw_window *window, const tw_field *field, uint32_t channels,
                           const int8_t *weights);

#endif /* TILEWRIGHT_RECEPTIVE_FIELD_H_ */
