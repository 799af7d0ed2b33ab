#include "tilewright/arithmetic.h"
#include "tilewright/binary.h"
#include "tilewright/binary_loop.h"

static int8_t add(const tw_add_s8_parameters *parameters, int8_t left, int8_t right) {
  const int32_t sum =
      left * parameters->left_scale + right * parameters->right_scale + parameters->bias;
  return (int8_t)tw_clip(sum >> parameters->shift, parameters->low, parameters->high);
}

TW_PARAMETRIC_BINARY_KERNEL(tw_add_s8, int8_t, int8_t, add)
