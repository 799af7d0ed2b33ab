#include "tilewright/parallel.h"
#include "tilewright/reduction.h"

void tw_reduce_product_s32(const tw_reduce_product_s32_parameters *parameters, const int32_t *input,
                           int32_t *output, uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t elements = parameters->extent * inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int32_t *x = input + i / inner * elements + i % inner;
    uint32_t product = 1;
    for (uint32_t j = 0; j < elements; j += inner) {
      product *= (uint32_t)x[j];
    }
    output[i] = (int32_t)product;
  }
}
