#include "tilewright/unary.h"

#include "tilewright/parallel.h"

void tw_sign_s32(const tw_sign_s32_parameters *parameters, const int32_t *input, int32_t *output,
                 uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = (input[i] > 0) - (input[i] < 0);
  }
}
