#include "tilewright/elementary.h"
#include "tilewright/parallel.h"
#include "tilewright/rms_normalization.h"

void tw_rms_normalization_f32(const tw_rms_normalization_f32_parameters *parameters,
                              const float *input, const float *gamma, float *output, uint32_t core,
                              uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const float *x = input + r * elements;
    float *y = output + r * elements;
    float sum = 0.0f;
    for (uint32_t i = 0; i < elements; ++i) {
      sum += x[i] * x[i];
    }
    const float inverse = 1.0f / tw_sqrt(sum / (float)elements + parameters->epsilon);
    for (uint32_t i = 0; i < elements; ++i) {
      y[i] = (x[i] * inverse) * gamma[i];
    }
  }
}
