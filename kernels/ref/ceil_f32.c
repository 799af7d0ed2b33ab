#include "tilewright/unary.h"

#include "tilewright/parallel.h"
#include "tilewright/rounding.h"

void tw_ceil_f32(const tw_ceil_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = -tw_floor(-input[i]);
  }
}
