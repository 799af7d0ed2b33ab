#include "tilewright/arg_extreme.h"
#include "tilewright/parallel.h"

void tw_arg_extreme_s32(const tw_arg_extreme_s32_parameters *parameters, const int32_t *input,
                        int32_t *output, uint32_t core, uint32_t cores) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const uint32_t smallest = parameters->smallest;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int32_t *x = input + i / inner * extent * inner + i % inner;
    /* Equals never replace each other: walking backwards finds the last one. */
    uint32_t index = parameters->last ? extent - 1 : 0;
    int32_t best = x[index * inner];
    for (uint32_t k = 1; k < extent; ++k) {
      const uint32_t j = parameters->last ? extent - 1 - k : k;
      const int32_t value = x[j * inner];
      if (smallest ? value < best : value > best) {
        best = value;
        index = j;
      }
    }
    output[i] = (int32_t)index;
  }
}
