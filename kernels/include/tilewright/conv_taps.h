/* How int8 convolutions walk the taps of a window; no kernel itself but what such kernels share. */
#ifndef TILEWRIGHT_CONV_TAPS_H_
#define TILEWRIGHT_CONV_TAPS_H_

#include "tilewright/inner_product.h"
#include "tilewright/receptive_field.h"

/* How the taps inside of the input follow each other. */
typedef struct {
  tw_runs runs;         /* all of them, or those of one kernel row, which ... */
  uint32_t repeats;     /* ... come so often, ... */
  uint32_t input_step;  /* ... so far apart in the input ... */
  uint32_t weight_step; /* ... and in the weights */
  uint32_t next_pixel;  /* from what the first pixel reads to what the second one reads */
} tw_conv_taps;

static inline tw_conv_taps tw_conv_taps_of(const tw_window *window, const tw_field *field,
                                           uint32_t channels, uint32_t groups) {
  const uint32_t each = channels / groups;
  const uint32_t columns = field->columns.end - field->columns.begin;
  const uint32_t rows = columns == 0 ? 0 : field->rows.end - field->rows.begin;
  tw_conv_taps result = {.repeats = rows,
                         .input_step = window->dilation_height * window->input_width * channels,
                         .weight_step = window->kernel_width * each,
                         .next_pixel = window->stride_width * channels};
  if (groups == 1 && window->dilation_width == 1 && rows != 0) {
    /* Neighbouring taps of a kernel row read consecutive values, and so do their weights. */
    result.runs = (tw_runs){rows, columns * each, result.input_step, result.weight_step};
    result.repeats = 1;
  } else {
    result.runs = (tw_runs){columns, each, window->dilation_width * channels, each};
  }
  return result;
}

/* Adds the products of all taps inside. `weights`: of the first tap inside for `outputs` outputs, 1
 * or TW_BLOCK_OUTPUTS, which are `stride` apart. */
static inline void tw_add_conv_products(const tw_conv_taps *taps, uint32_t pixels,
                                        const int8_t *input, const int8_t *weights, uint32_t stride,
                                        uint32_t outputs, int32_t sums[2][TW_BLOCK_OUTPUTS]) {
  for (uint32_t i = 0; i < taps->repeats; ++i) {
    if (outputs == 1) {
      for (uint32_t pixel = 0; pixel < pixels; ++pixel) {
        tw_inner_product(&taps->runs, input + pixel * taps->next_pixel, weights, sums[pixel]);
      }
    } else if (pixels == 1) {
      tw_inner_products(&taps->runs, input, weights, stride, sums[0]);
    } else {
      tw_inner_products_of_pair(&taps->runs, input, taps->next_pixel, weights, stride, sums);
    }
    input += taps->input_step;
    weights += taps->weight_step;
  }
}

#endif /* TILEWRIGHT_CONV_TAPS_H_ */
