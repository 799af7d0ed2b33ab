#include "tilewright/arithmetic.h"
#include "tilewright/conv.h"
#include "tilewright/inner_product.h"
#include "tilewright/parallel.h"
#include "tilewright/window.h"

/* Adds what one run of taps contributes to `outputs` sums, 1 or TW_BLOCK_OUTPUTS. */
static void add_run(const int8_t *input, const int8_t *weights, uint32_t weight_stride,
                    uint32_t length, uint32_t outputs, int32_t *sums) {
  if (outputs == TW_BLOCK_OUTPUTS) {
    tw_inner_products(input, weights, weight_stride, length, sums);
  } else {
    sums[0] += tw_inner_product(input, weights, length);
  }
}

/* The same for taps outside of the input, which read `value`. */
static void add_constant_run(int32_t value, const int8_t *weights, uint32_t weight_stride,
                             uint32_t length, uint32_t outputs, int32_t *sums) {
  for (uint32_t o = 0; o < outputs; ++o) {
    for (uint32_t k = 0; k < length; ++k) {
      sums[o] += value * weights[o * weight_stride + k];
    }
  }
}

void tw_conv_s8(const tw_conv_s8_parameters *parameters, const int8_t *input, const int8_t *weights,
                const uint32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                uint32_t cores) {
  const uint32_t rows = parameters->output_height;
  const uint32_t columns = parameters->output_width;
  const uint32_t outputs = parameters->output_channels;
  const uint32_t channels = parameters->input_channels;
  const uint32_t width = parameters->kernel_width;
  const uint32_t each = channels / parameters->groups;
  const uint32_t outputs_each = outputs / parameters->groups;
  const uint32_t taps = parameters->kernel_height * width;
  /* Neighbouring taps of one kernel row read consecutive values, and so do their weights. */
  const uint32_t dense = parameters->groups == 1 && parameters->dilation_width == 1;
  const tw_range share = tw_share(parameters->batches * rows * columns * outputs, core, cores);
  tw_position at = tw_position_at(share.begin, rows, columns, outputs);
  uint32_t block;
  for (uint32_t i = share.begin; i < share.end; i += block) {
    const int8_t *weight = weights + at.channel * taps * each;
    const uint32_t first = at.channel / outputs_each * each;
    const uint32_t left = outputs_each - at.channel % outputs_each;
    const uint32_t full = left >= TW_BLOCK_OUTPUTS && share.end - i >= TW_BLOCK_OUTPUTS;
    block = full ? TW_BLOCK_OUTPUTS : 1;
    int32_t sums[TW_BLOCK_OUTPUTS] = {0};
    for (uint32_t ky = 0; ky < parameters->kernel_height; ++ky) {
      const int32_t y = tw_tap(at.row, parameters->stride_height, parameters->pad_top, ky,
                               parameters->dilation_height);
      uint32_t run;
      for (uint32_t kx = 0; kx < width; kx += run, weight += run * each) {
        const int32_t x = tw_tap(at.column, parameters->stride_width, parameters->pad_left, kx,
                                 parameters->dilation_width);
        const int inside =
            tw_inside(y, parameters->input_height) && tw_inside(x, parameters->input_width);
        run = 1;
        if (inside) {
          if (dense) {
            const uint32_t reach = parameters->input_width - (uint32_t)x;
            run = width - kx < reach ? width - kx : reach;
          }
          const uint32_t pixel =
              tw_pixel(at.batch, y, x, parameters->input_height, parameters->input_width);
          add_run(input + pixel * channels + first, weight, taps * each, run * each, block, sums);
        } else {
          add_constant_run(parameters->input_zero_point, weight, taps * each, each, block, sums);
        }
      }
    }
    for (uint32_t o = 0; o < block; ++o) {
      const uint32_t channel = at.channel + o;
      output[i + o] = tw_requantise_either(
          sums[o], scale[channel], bias[channel], parameters->shift, parameters->wide,
          parameters->output_zero_point, parameters->low, parameters->high);
    }
    at.channel += block - 1;
    tw_position_next(&at, rows, columns, outputs);
  }
}
