#include "tilewright/parallel.h"
#include "tilewright/pooling.h"
#include "tilewright/window.h"

void tw_max_pool_f32(const tw_max_pool_f32_parameters *parameters, const float *input,
                     float *output, uint32_t core, uint32_t cores) {
  const uint32_t rows = parameters->output_height;
  const uint32_t columns = parameters->output_width;
  const uint32_t channels = parameters->output_channels;
  const tw_range share = tw_share(parameters->batches * rows * columns * channels, core, cores);
  tw_position at = tw_position_at(share.begin, rows, columns, channels);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    float best = -__builtin_inff();
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
        const float value =
            input[tw_pixel(at.batch, y, x, parameters->input_height, parameters->input_width) *
                      channels +
                  at.channel];
        best = value > best || value != value ? value : best;
      }
    }
    output[i] = best;
    tw_position_next(&at, rows, columns, channels);
  }
}
