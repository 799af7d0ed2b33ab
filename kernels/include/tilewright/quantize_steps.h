/* A float32 number in steps of a scale: what all kernels that quantise share. */
#ifndef TILEWRIGHT_QUANTIZE_STEPS_H_
#define TILEWRIGHT_QUANTIZE_STEPS_H_

#include <stdint.h>

#include "tilewright/elementary.h"

/* round_half_even(x / scale), saturated to +-limit (an integer below 2^22); NaN gives -limit. */
static inline int32_t tw_quantize_steps(float x, float scale, float limit) {
  float steps = x / scale;
  if (!(steps > -limit)) { /* also NaN */
    steps = -limit;
  }
  if (steps > limit) {
    steps = limit;
  }
  return (int32_t)tw_round_to_integer(steps);
}

#endif /* TILEWRIGHT_QUANTIZE_STEPS_H_ */
