#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

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

TW_CAST_KERNEL(tw_cast_f32_s32, float, int32_t, truncate)
