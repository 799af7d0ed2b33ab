#include "tilewright/interpolate.h"

#include "tilewright/parallel.h"

void tw_interpolate_f32(const tw_interpolate_f32_parameters *parameters, const float *input,
                        const int32_t *lower, const int32_t *upper, const float *lower_weight,
                        const float *upper_weight, float *output, uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * parameters->outputs, core, cores);
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t first = item / parameters->outputs * parameters->extent;
    const uint32_t i = item % parameters->outputs;
    const float *below = input + (first + (uint32_t)lower[i]) * inner;
    const float *above = input + (first + (uint32_t)upper[i]) * inner;
    float *target = output + item * inner;
    for (uint32_t j = 0; j < inner; ++j) {
      const float share_below = below[j] * lower_weight[i];
      const float share_above = above[j] * upper_weight[i];
      target[j] = share_below + share_above;
    }
  }
}
