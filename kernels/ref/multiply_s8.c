#include "tilewright/arithmetic.h"
#include "tilewright/binary.h"
#include "tilewright/binary_loop.h"

static int8_t multiply(const tw_multiply_s8_parameters *parameters, int8_t left, int8_t right) {
  const int32_t product =
      (left - parameters->left_zero_point) * (right - parameters->right_zero_point);
  const int32_t scaled = product * parameters->scale + parameters->bias;
  return (int8_t)tw_clip(scaled >> parameters->shift, parameters->low, parameters->high);
}

TW_PARAMETRIC_BINARY_KERNEL(tw_multiply_s8, int8_t, int8_t, multiply)
