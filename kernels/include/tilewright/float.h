/* float32 arithmetic shared by kernels; docs/numerics.md is the definition. */
#ifndef TILEWRIGHT_FLOAT_H_
#define TILEWRIGHT_FLOAT_H_

/* Saturates x to [minimum, maximum]; NaN stays NaN, and -0 is not below 0. */
static inline float tw_saturate_f32(float x, float minimum, float maximum) {
  const float raised = x < minimum ? minimum : x;
  return raised > maximum ? maximum : raised;
}

#endif /* TILEWRIGHT_FLOAT_H_ */
