#include "tilewright/quantize.h"

#include "tilewright/arithmetic.h"
#include "tilewright/parallel.h"
#include "tilewright/quantize_steps.h"

/* More than twice the largest step, so that it saturates whatever the zero point is. */
static const float kLimit = 512.0f;

void tw_quantize(const tw_quantize_parameters *parameters, const float *input, int8_t *output,
                 uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int32_t steps = tw_quantize_steps(input[i], parameters->scale, kLimit);
    output[i] = (int8_t)tw_clip(steps + parameters->zero_point, -128, 127);
  }
}
