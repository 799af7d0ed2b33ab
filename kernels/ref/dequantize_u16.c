#include "tilewright/parallel.h"
#include "tilewright/quantize.h"

void tw_dequantize_u16(const tw_dequantize_u16_parameters *parameters, const uint16_t *input,
                       float *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = (float)(input[i] - parameters->zero_point) * parameters->scale;
  }
}
