#include "tilewright/scale_round.h"

#include "tilewright/parallel.h"

void tw_scale_round_s8(const tw_scale_round_s8_parameters *parameters, const float *input,
                       int8_t *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  const float low = (float)(parameters->low - parameters->zero_point);
  const float high = (float)(parameters->high - parameters->zero_point);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const float moved = input[i] * parameters->factor + parameters->offset;
    const float away = moved + (moved < 0.0f ? -0.5f : 0.5f);
    /* Not `<`: NaN is the lowest. */
    const float bounded = away > high ? high : away >= low ? away : low;
    output[i] = (int8_t)((int32_t)bounded + parameters->zero_point);
  }
}
