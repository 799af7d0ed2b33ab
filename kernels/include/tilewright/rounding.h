/* float32 numbers rounded to integers. Zeros keep their sign, NaN and infinities stay. */
#ifndef TILEWRIGHT_ROUNDING_H_
#define TILEWRIGHT_ROUNDING_H_

#include <stdint.h>

#include "tilewright/elementary.h"

/* From 2^23 on every float32 is an integer. */
#define TW_ALL_INTEGERS 8388608.0f

/* The largest integer that is not above x. */
static inline float tw_floor(float x) {
  if (!(tw_absolute(x) < TW_ALL_INTEGERS)) {
    return x;
  }
  const float truncated = (float)(int32_t)x;
  return tw_with_sign(tw_absolute(truncated > x ? truncated - 1.0f : truncated), x);
}

/* The nearest integer, the even one of two. */
static inline float tw_round_half_even(float x) {
  const float magnitude = tw_absolute(x);
  if (!(magnitude < TW_ALL_INTEGERS)) {
    return x;
  }
  return tw_with_sign((magnitude + TW_ALL_INTEGERS) - TW_ALL_INTEGERS, x);
}

#endif /* TILEWRIGHT_ROUNDING_H_ */
