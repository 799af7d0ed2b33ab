#include "tilewright/quantize.h"

#include "tilewright/arithmetic.h"
#include "tilewright/parallel.h"

/* Adding and subtracting 1.5 * 2^23 rounds a float below 2^22 to an integer, half to even. */
static const float kRoundToInteger = 12582912.0f;

void tw_quantize(const tw_quantize_parameters *parameters, const float *input, int8_t *output,
                 uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    float steps = input[i] / parameters->scale;
    if (!(steps > -512.0f)) { /* also NaN */
      steps = -512.0f;
    }
    if (steps > 512.0f) {
      steps = 512.0f;
    }
    const int32_t rounded = (int32_t)((steps + kRoundToInteger) - kRoundToInteger);
    output[i] = (int8_t)tw_clip(rounded + parameters->zero_point, -128, 127);
  }
}
