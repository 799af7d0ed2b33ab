#include "tilewright/unary.h"

#include "tilewright/parallel.h"

void tw_absolute_s32(const tw_absolute_s32_parameters *parameters, const int32_t *input,
                     int32_t *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = (int32_t)(input[i] < 0 ? 0u - (uint32_t)input[i] : (uint32_t)input[i]);
  }
}
