#include "tilewright/cumulative_sum.h"
#include "tilewright/parallel.h"

void tw_cumulative_sum_f32(const tw_cumulative_sum_f32_parameters *parameters, const float *input,
                           float *output, uint32_t core, uint32_t cores) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t line = share.begin; line < share.end; ++line) {
    const uint32_t offset = line / inner * extent * inner + line % inner;
    const float *x = input + offset;
    float *y = output + offset;
    float sum = 0.0f;
    for (uint32_t k = 0; k < extent; ++k) {
      const uint32_t j = (parameters->reverse ? extent - 1 - k : k) * inner;
      const float before = sum;
      sum += x[j];
      y[j] = parameters->exclusive ? before : sum;
    }
  }
}
