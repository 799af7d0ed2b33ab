#include "tilewright/copy.h"

#include "tilewright/parallel.h"

void tw_copy(const tw_copy_parameters *parameters, const void *input, void *output, uint32_t core,
             uint32_t cores) {
  const uint8_t *source = input;
  uint8_t *target = output;
  const tw_range share = tw_share(parameters->bytes, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    target[i] = source[i];
  }
}
