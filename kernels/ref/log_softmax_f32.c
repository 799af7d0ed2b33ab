#include "tilewright/elementary.h"
#include "tilewright/parallel.h"
#include "tilewright/softmax.h"

void tw_log_softmax_f32(const tw_log_softmax_f32_parameters *parameters, const float *input,
                        float *output, uint32_t core, uint32_t cores) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t row = share.begin; row < share.end; ++row) {
    const uint32_t offset = row / inner * extent * inner + row % inner;
    const float *x = input + offset;
    float *y = output + offset;
    float largest = x[0];
    for (uint32_t j = 1; j < extent; ++j) {
      largest = x[j * inner] > largest ? x[j * inner] : largest;
    }
    float sum = 0.0f;
    for (uint32_t j = 0; j < extent; ++j) {
      sum += tw_exp(x[j * inner] - largest);
    }
    const float logarithm = tw_log(sum);
    for (uint32_t j = 0; j < extent; ++j) {
      y[j * inner] = (x[j * inner] - largest) - logarithm;
    }
  }
}
