#include "tilewright/binary.h"
#include "tilewright/binary_loop.h"
#include "tilewright/float.h"

static float multiply(const tw_multiply_f32_parameters *parameters, float left, float right) {
  return tw_saturate_f32(left * right, parameters->minimum, parameters->maximum);
}

TW_PARAMETRIC_BINARY_KERNEL(tw_multiply_f32, float, float, multiply)
