#include "tilewright/requantise_sums.h"

#include "tilewright/arithmetic.h"

/* How many outputs the loop takes without a branch of its own. */
#define STEPS 4u

void tw_requantise_sums(const tw_requantisation *requantisation, const int32_t *sums,
                        const uint32_t *scale, const int32_t *bias, uint32_t count,
                        int8_t *output) {
  const tw_requantisation form = *requantisation; /* a copy, which stores cannot change */
  const int8_t *end = output + count;
  if (form.wide) {
    for (; output != end; ++sums, ++scale, ++bias, ++output) {
      *output = tw_requantise_wide(*sums, *scale, *bias, form.shift, form.output_zero_point,
                                   form.low, form.high);
    }
    return;
  }
  for (; end - output >= (int32_t)STEPS; sums += STEPS, scale += STEPS, bias += STEPS) {
    for (uint32_t i = 0; i < STEPS; ++i) {
      output[i] = tw_requantise(sums[i], scale[i], bias[i], form.shift, form.low, form.high);
    }
    output += STEPS;
  }
  for (; output != end; ++sums, ++scale, ++bias, ++output) {
    *output = tw_requantise(*sums, *scale, *bias, form.shift, form.low, form.high);
  }
}
