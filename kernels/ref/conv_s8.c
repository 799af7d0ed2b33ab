#include "tilewright/arithmetic.h"
#include "tilewright/conv.h"
#include "tilewright/parallel.h"
#include "tilewright/window.h"

void tw_conv_s8(const tw_conv_s8_parameters *parameters, const int8_t *input, const int8_t *weights,
                const uint32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                uint32_t cores) {
  const uint32_t rows = parameters->output_height;
  const uint32_t columns = parameters->output_width;
  const uint32_t outputs = parameters->output_channels;
  const uint32_t channels = parameters->input_channels;
  const uint32_t each = channels / parameters->groups;
  const uint32_t outputs_each = outputs / parameters->groups;
  const uint32_t taps = parameters->kernel_height * parameters->kernel_width;
  const tw_range share = tw_share(parameters->batches * rows * columns * outputs, core, cores);
  tw_position at = tw_position_at(share.begin, rows, columns, outputs);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int8_t *weight = weights + at.channel * taps * each;
    const uint32_t first = at.channel / outputs_each * each;
    int32_t sum = 0;
    for (uint32_t ky = 0; ky < parameters->kernel_height; ++ky) {
      const int32_t y = tw_tap(at.row, parameters->stride_height, parameters->pad_top, ky,
                               parameters->dilation_height);
      for (uint32_t kx = 0; kx < parameters->kernel_width; ++kx, weight += each) {
        const int32_t x = tw_tap(at.column, parameters->stride_width, parameters->pad_left, kx,
                                 parameters->dilation_width);
        const int inside =
            tw_inside(y, parameters->input_height) && tw_inside(x, parameters->input_width);
        if (inside) {
          const int8_t *pixel =
              input +
              tw_pixel(at.batch, y, x, parameters->input_height, parameters->input_width) *
                  channels +
              first;
          for (uint32_t c = 0; c < each; ++c) {
            sum += pixel[c] * weight[c];
          }
        } else {
          for (uint32_t c = 0; c < each; ++c) {
            sum += parameters->input_zero_point * weight[c];
          }
        }
      }
    }
    output[i] =
        parameters->wide
            ? tw_requantise_wide(sum, scale[at.channel], bias[at.channel], parameters->shift,
                                 parameters->output_zero_point, parameters->low, parameters->high)
            : tw_requantise(sum, scale[at.channel], bias[at.channel], parameters->shift,
                            parameters->low, parameters->high);
    tw_position_next(&at, rows, columns, outputs);
  }
}
