#include "tilewright/arithmetic.h"
#include "tilewright/parallel.h"
#include "tilewright/pooling.h"
#include "tilewright/window.h"

void tw_average_pool_s8(const tw_average_pool_s8_parameters *parameters, const int8_t *input,
                        const uint32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                        uint32_t cores) {
  const uint32_t rows = parameters->output_height;
  const uint32_t columns = parameters->output_width;
  const uint32_t channels = parameters->output_channels;
  const tw_range share = tw_share(parameters->batches * rows * columns * channels, core, cores);
  tw_position at = tw_position_at(share.begin, rows, columns, channels);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    int32_t sum = 0;
    for (uint32_t ky = 0; ky < parameters->kernel_height; ++ky) {
      const int32_t y = tw_tap(at.row, parameters->stride_height, parameters->pad_top, ky,
                               parameters->dilation_height);
      if (!tw_inside(y, parameters->input_height)) {
        continue;
      }
      for (uint32_t kx = 0; kx < parameters->kernel_width; ++kx) {
        const int32_t x = tw_tap(at.column, parameters->stride_width, parameters->pad_left, kx,
                                 parameters->dilation_width);
        if (!tw_inside(x, parameters->input_width)) {
          continue;
        }
        const int8_t value =
            input[tw_pixel(at.batch, y, x, parameters->input_height, parameters->input_width) *
                      channels +
                  at.channel];
        sum += value - parameters->input_zero_point;
      }
    }
    const uint32_t k =
        parameters->count > 0
            ? 0
            : tw_count_taps(at.row, parameters->stride_height, parameters->pad_top,
                            parameters->kernel_height, parameters->dilation_height,
                            parameters->counted_top,
                            (int32_t)parameters->input_height + parameters->counted_bottom) *
                  tw_count_taps(at.column, parameters->stride_width, parameters->pad_left,
                                parameters->kernel_width, parameters->dilation_width,
                                parameters->counted_left,
                                (int32_t)parameters->input_width + parameters->counted_right);
    output[i] = parameters->wide ? tw_requantise_wide(sum, scale[k], bias[k], parameters->shift,
                                                      parameters->output_zero_point,
                                                      parameters->low, parameters->high)
                                 : tw_requantise(sum, scale[k], bias[k], parameters->shift,
                                                 parameters->low, parameters->high);
    tw_position_next(&at, rows, columns, channels);
  }
}
