#include "tilewright/parallel.h"
#include "tilewright/trigonometry.h"
#include "tilewright/unary.h"

void tw_inverse_hyperbolic_sine_f32(const tw_inverse_hyperbolic_sine_f32_parameters *parameters,
                                    const float *input, float *output, uint32_t core,
                                    uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = tw_inverse_hyperbolic_sine(input[i]);
  }
}
