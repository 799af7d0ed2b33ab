#include "tilewright/batch_normalization.h"
#include "tilewright/float.h"
#include "tilewright/parallel.h"

void tw_scale_channels_f32(const tw_scale_channels_f32_parameters *parameters, const float *input,
                           const float *scale, const float *shift, float *output, uint32_t core,
                           uint32_t cores) {
  const uint32_t channels = parameters->channels;
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * channels * inner, core, cores);
  uint32_t channel = share.begin / inner % channels;
  uint32_t position = share.begin % inner;
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = tw_saturate_f32(input[i] * scale[channel] + shift[channel], parameters->minimum,
                                parameters->maximum);
    if (++position == inner) {
      position = 0;
      channel = channel + 1 == channels ? 0 : channel + 1;
    }
  }
}
