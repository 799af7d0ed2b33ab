#include "tilewright/conv.h"

#include "tilewright/conv_channels.h"

void tw_conv_s8(const tw_conv_s8_parameters *parameters, const int8_t *input, const int8_t *weights,
                const uint32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                uint32_t cores) {
  const uint32_t each = parameters->input_channels / parameters->groups;
  const uint32_t stride = parameters->kernel_height * parameters->kernel_width * each;
  const tw_pixel_share share =
      tw_share_pixels(parameters->batches * parameters->output_height * parameters->output_width,
                      parameters->output_channels, core, cores);
  tw_conv_channels(parameters, share.pixels, share.channels, input,
                   weights + share.channels.begin * stride, scale, bias, output);
}
