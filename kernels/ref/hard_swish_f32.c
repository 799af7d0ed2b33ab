#include "tilewright/unary.h"

#include "tilewright/elementary.h"
#include "tilewright/parallel.h"

void tw_hard_swish_f32(const tw_hard_swish_f32_parameters *parameters, const float *input,
                       float *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = input[i] * tw_hard_sigmoid(input[i], 0.16666667f, 0.5f);
  }
}
