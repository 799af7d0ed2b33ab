#include "tilewright/arithmetic.h"
#include "tilewright/batch_normalization.h"
#include "tilewright/parallel.h"

void tw_scale_channels_s8(const tw_scale_channels_s8_parameters *parameters, const int8_t *input,
                          const int32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                          uint32_t cores) {
  const uint32_t channels = parameters->channels;
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * channels * inner, core, cores);
  uint32_t channel = share.begin / inner % channels;
  uint32_t position = share.begin % inner;
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int32_t value = (input[i] * scale[channel] + bias[channel]) >> parameters->shift;
    output[i] = (int8_t)tw_clip(value, parameters->low, parameters->high);
    if (++position == inner) {
      position = 0;
      channel = channel + 1 == channels ? 0 : channel + 1;
    }
  }
}
