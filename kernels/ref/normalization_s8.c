#include "tilewright/arithmetic.h"
#include "tilewright/elementary.h"
#include "tilewright/normalization.h"
#include "tilewright/parallel.h"

void tw_normalization_s8(const tw_normalization_s8_parameters *parameters, const int8_t *input,
                         const int16_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                         uint32_t cores) {
  const uint32_t channels = parameters->channels;
  const uint32_t inner = parameters->inner;
  const uint32_t elements = channels * inner;
  const uint64_t epsilon = (uint64_t)parameters->epsilon_high << 32 | parameters->epsilon_low;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t row = share.begin; row < share.end; ++row) {
    const int8_t *x = input + row * elements;
    int8_t *y = output + row * elements;
    int32_t sum = 0;
    uint32_t squares = 0; /* at most 32,768 times 2^14 */
    for (uint32_t i = 0; i < elements; ++i) {
      sum += x[i];
      squares += (uint32_t)(x[i] * x[i]);
    }
    const uint64_t spread = (uint64_t)elements * squares - (uint64_t)((int64_t)sum * sum);
    int32_t inverse = 0; /* of a constant row */
    uint32_t inverse_shift = 6;
    if (spread != 0) {
      uint64_t total = (spread << 16) + epsilon;
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
    const uint32_t shift = inverse_shift + parameters->root_bits;
    const int64_t rounding = shift > 0 ? INT64_C(1) << (shift - 1) : 0;
    const uint32_t first = row % parameters->groups * channels;
    for (uint32_t c = 0; c < channels; ++c) {
      const int32_t factor = scale[first + c];
      const int32_t addend = bias[first + c];
      for (uint32_t i = c * inner; i < (c + 1) * inner; ++i) {
        const int32_t centred = (int32_t)elements * x[i] - sum;
        const int32_t t = (int32_t)(((int64_t)centred * inverse + rounding) >> shift);
        y[i] = (int8_t)tw_clip((t * factor + addend) >> parameters->shift, -128, 127);
      }
    }
  }
}
