#include "tilewright/arithmetic.h"
#include "tilewright/elementary.h"
#include "tilewright/parallel.h"
#include "tilewright/rms_normalization.h"

/* Sum of (x - zero_point)^2: 17 bits each, so that 32,768 of them fit uint32. */
static uint32_t sum_of_squares(const int8_t *x, uint32_t elements, int32_t zero_point) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < elements; ++i) {
    const int32_t centred = x[i] - zero_point;
    sum += (uint32_t)(centred * centred);
  }
  return sum;
}

void tw_rms_normalization_s8(const tw_rms_normalization_s8_parameters *parameters,
                             const int8_t *input, const int16_t *gamma, int8_t *output,
                             uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const int32_t zero_point = parameters->input_zero_point;
  const uint64_t epsilon = (uint64_t)parameters->epsilon_high << 32 | parameters->epsilon_low;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    const uint32_t sum = sum_of_squares(x, elements, zero_point);
    int32_t inverse = 0; /* of an all-zero row */
    uint32_t inverse_shift = 6;
    if (sum != 0) {
      uint64_t total = ((uint64_t)sum << 16) + epsilon;
      while (total >= UINT64_C(1) << 30) {
        total >>= 2;
        ++inverse_shift;
      }
      while (total < UINT64_C(1) << 28) { /* at most six times: total is 2^16 at least */
        total <<= 2;
        --inverse_shift;
      }
      uint32_t root = tw_integer_square_root(total);
      root += (uint32_t)total - root * root > root ? 1u : 0u; /* to nearest */
      inverse = (int32_t)(((UINT32_C(1) << 29) + root / 2) / root);
    }
    const int32_t rounding = tw_half(inverse_shift);
    for (uint32_t i = 0; i < elements; ++i) {
      const int32_t t = ((x[i] - zero_point) * inverse + rounding) >> inverse_shift;
      const int32_t steps = (t * gamma[i] + parameters->bias) >> parameters->shift;
      y[i] = (int8_t)tw_clip(steps, -128, 127);
    }
  }
}
