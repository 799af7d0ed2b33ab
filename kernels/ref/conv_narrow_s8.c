#include "tilewright/conv.h"
#include "tilewright/conv_channels.h"
#include "tilewright/narrow_weights.h"

void tw_conv_narrow_s8(const tw_conv_narrow_s8_parameters *parameters, const int8_t *input,
                       const uint8_t *weights, const uint32_t *scale, const int32_t *bias,
                       int8_t *output, int8_t *scratch, uint32_t core, uint32_t cores) {
  /* They begin with the fields of the others. */
  const union {
    tw_conv_narrow_s8_parameters narrow;
    tw_conv_s8_parameters plain;
  } both = {*parameters};
  const tw_conv_s8_parameters plain = both.plain;
  const uint32_t bits = parameters->weight_bits;
  const uint32_t each = plain.input_channels / plain.groups;
  const uint32_t stride = plain.kernel_height * plain.kernel_width * each;
  const uint32_t row_bytes = tw_narrow_row_bytes(stride, bits);
  const uint32_t together = parameters->outputs_together;
  int8_t *own = scratch + core * together * stride;
  const tw_pixel_share share = tw_share_pixels(
      plain.batches * plain.output_height * plain.output_width, plain.output_channels, core, cores);
  tw_range channels = share.channels;
  for (uint32_t o = share.channels.begin; o < share.channels.end; o = channels.end) {
    channels.begin = o;
    channels.end = share.channels.end - o < together ? share.channels.end : o + together;
    tw_widen_rows(weights + o * row_bytes, bits, channels.end - o, stride, own);
    tw_conv_channels(&plain, share.pixels, channels, input, own, scale, bias, output);
  }
}
