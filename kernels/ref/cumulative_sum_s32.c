#include "tilewright/cumulative_sum.h"
#include "tilewright/parallel.h"

void tw_cumulative_sum_s32(const tw_cumulative_sum_s32_parameters *parameters, const int32_t *input,
                           int32_t *output, uint32_t core, uint32_t cores) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t line = share.begin; line < share.end; ++line) {
    const uint32_t offset = line / inner * extent * inner + line % inner;
    const int32_t *x = input + offset;
    int32_t *y = output + offset;
    uint32_t sum = 0;
    for (uint32_t k = 0; k < extent; ++k) {
      const uint32_t j = (parameters->reverse ? extent - 1 - k : k) * inner;
      const uint32_t before = sum;
      sum += (uint32_t)x[j];
      y[j] = (int32_t)(parameters->exclusive ? before : sum);
    }
  }
}
