#include "tilewright/parallel.h"
#include "tilewright/quantize.h"

void tw_recode(const tw_recode_parameters *parameters, const void *input, void *output,
               uint32_t core, uint32_t cores) {
  const uint8_t *source = input;
  uint8_t *target = output;
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    target[i] = source[i] ^ 0x80u;
  }
}
