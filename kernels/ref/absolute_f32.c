#include "tilewright/unary.h"

#include "tilewright/elementary.h"
#include "tilewright/parallel.h"

void tw_absolute_f32(const tw_absolute_f32_parameters *parameters, const float *input,
                     float *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = tw_absolute(input[i]);
  }
}
