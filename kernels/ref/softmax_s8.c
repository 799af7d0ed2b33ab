#include "tilewright/softmax.h"

#include "tilewright/parallel.h"

void tw_softmax_s8(const tw_softmax_s8_parameters *parameters, const int8_t *input,
                   const uint32_t exponentials[256], int8_t *output, uint32_t core,
                   uint32_t cores) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t row = share.begin; row < share.end; ++row) {
    const uint32_t offset = row / inner * extent * inner + row % inner;
    const int8_t *x = input + offset;
    int8_t *y = output + offset;
    int32_t largest = -128;
    for (uint32_t j = 0; j < extent; ++j) {
      largest = x[j * inner] > largest ? x[j * inner] : largest;
    }
    uint64_t sum = 0; /* 2^39 at most */
    for (uint32_t j = 0; j < extent; ++j) {
      sum += exponentials[largest - x[j * inner]];
    }
    uint32_t excess = 0; /* bits of the sum beyond 16 */
    while (sum >> excess >= 65536u) {
      ++excess;
    }
    const uint32_t divisor = (uint32_t)((sum + ((UINT64_C(1) << excess) >> 1)) >> excess);
    const uint32_t reciprocal = ((UINT32_C(1) << 31) + divisor / 2) / divisor;
    const uint32_t factor = reciprocal * parameters->scale;
    const uint32_t shift = parameters->shift + excess;
    const uint64_t rounding = UINT64_C(1) << (shift - 1);
    for (uint32_t j = 0; j < extent; ++j) {
      const uint64_t product = (uint64_t)exponentials[largest - x[j * inner]] * factor;
      const int64_t steps =
          (int64_t)((product + rounding) >> shift) + parameters->output_zero_point;
      y[j * inner] = (int8_t)(steps > 127 ? 127 : steps);
    }
  }
}
