#include "tilewright/parallel.h"
#include "tilewright/reduction.h"

void tw_reduce_product_f32(const tw_reduce_product_f32_parameters *parameters, const float *input,
                           float *output, uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t elements = parameters->extent * inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const float *x = input + i / inner * elements + i % inner;
    float product = 1.0f;
    for (uint32_t j = 0; j < elements; j += inner) {
      product *= x[j];
    }
    output[i] = product;
  }
}
