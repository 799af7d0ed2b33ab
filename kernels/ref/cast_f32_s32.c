#include "tilewright/cast.h"
#include "tilewright/parallel.h"

/* The conversion of values outside of int32 is undefined in C. */
static int32_t truncate(float x) {
  if (x >= 2147483648.0f) {
    return INT32_MAX;
  }
  if (x < -2147483648.0f) {
    return INT32_MIN;
  }
  return x == x ? (int32_t)x : 0;
}

void tw_cast_f32_s32(const tw_cast_f32_s32_parameters *parameters, const float *input,
                     int32_t *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = truncate(input[i]);
  }
}
