#include "tilewright/unary.h"

#include "tilewright/parallel.h"

void tw_sign_f32(const tw_sign_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = input[i] != input[i] ? input[i] : (float)((input[i] > 0.0f) - (input[i] < 0.0f));
  }
}
