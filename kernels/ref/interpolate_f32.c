#include "tilewright/interpolate.h"

#include "tilewright/parallel.h"

void tw_interpolate_f32(const tw_interpolate_f32_parameters *parameters, const float *input,
                        const int32_t *indices, const float *weights, float *output, uint32_t core,
                        uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t taps = parameters->taps;
  const tw_range share = tw_share(parameters->outer * parameters->outputs, core, cores);
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const float *const first = input + item / parameters->outputs * parameters->extent * inner;
    const int32_t *const index = indices + item % parameters->outputs * taps;
    const float *const weight = weights + item % parameters->outputs * taps;
    float *target = output + item * inner;
    for (uint32_t j = 0; j < inner; ++j) {
      float sum = first[(uint32_t)index[0] * inner + j] * weight[0];
      for (uint32_t tap = 1; tap < taps; ++tap) {
        const float term = first[(uint32_t)index[tap] * inner + j] * weight[tap];
        sum += term;
      }
      target[j] = sum;
    }
  }
}
