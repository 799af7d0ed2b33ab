#include "tilewright/unary.h"

#include "tilewright/parallel.h"

void tw_negate_f32(const tw_negate_f32_parameters *parameters, const float *input, float *output,
                   uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = -input[i];
  }
}
