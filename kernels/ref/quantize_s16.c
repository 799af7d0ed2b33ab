#include "tilewright/quantize.h"

#include "tilewright/arithmetic.h"
#include "tilewright/parallel.h"
#include "tilewright/quantize_steps.h"

/* More than twice the largest step, so that it saturates whatever the zero point is. */
static const float kLimit = 131072.0f;

void tw_quantize_s16(const tw_quantize_s16_parameters *parameters, const float *input,
                     int16_t *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int32_t steps = tw_quantize_steps(input[i], parameters->scale, kLimit);
    output[i] = (int16_t)tw_clip(steps + parameters->zero_point, -32768, 32767);
  }
}
