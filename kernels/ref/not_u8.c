#include "tilewright/unary.h"

#include "tilewright/parallel.h"

void tw_not_u8(const tw_not_u8_parameters *parameters, const uint8_t *input, uint8_t *output,
               uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = input[i] == 0;
  }
}
