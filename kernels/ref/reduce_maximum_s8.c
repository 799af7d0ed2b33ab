#include "tilewright/parallel.h"
#include "tilewright/reduction.h"

void tw_reduce_maximum_s8(const tw_reduce_maximum_s8_parameters *parameters, const int8_t *input,
                          int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t elements = parameters->extent * inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int8_t *x = input + i / inner * elements + i % inner;
    int8_t best = x[0];
    for (uint32_t j = inner; j < elements; j += inner) {
      best = x[j] > best ? x[j] : best;
    }
    output[i] = best;
  }
}
