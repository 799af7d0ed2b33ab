/* Softmax on CORE-V cores: sums of exponentials in 32 bits as long as they fit, and products whose
 * upper half is all that a shift beyond 32 leaves of them. */
#include "tilewright/softmax.h"

#include "tilewright/arithmetic.h"
#include "tilewright/parallel.h"

/* An exponential is 2^24 at most, so that this many fit uint32. */
#define BLOCK 255u

static inline int32_t larger(int32_t a, int32_t b) {
  int32_t result;
  __asm__("cv.max %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* (product + half(shift)) >> shift of a 64-bit product; the upper half suffices from 33 on. */
static inline int32_t divided(uint32_t exponential, uint32_t factor, uint32_t shift) {
  const uint64_t product = (uint64_t)exponential * factor;
  if (shift > 32) {
    uint32_t steps = (uint32_t)(product >> 32);
    __asm__("cv.addurnr %0, zero, %1" : "+r"(steps) : "r"(shift - 32));
    return (int32_t)steps;
  }
  return (int32_t)((product + (UINT64_C(1) << (shift - 1))) >> shift);
}

/* One row of `extent` elements, `inner` apart. */
static void softmax_row(const tw_softmax_s8_parameters *parameters, const int8_t *x,
                        const uint32_t *exponentials, int8_t *y) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const int8_t *end = x + extent * inner;
  int32_t largest = -128;
  for (const int8_t *from = x; from != end; from += inner) {
    largest = larger(largest, *from);
  }
  const uint32_t *of_zero = exponentials + largest;
  uint64_t sum = 0; /* 2^39 at most */
  for (const int8_t *from = x; from != end;) {
    const uint32_t left = (uint32_t)(end - from);
    const int8_t *stop = left > BLOCK * inner ? from + BLOCK * inner : end;
    uint32_t part = 0;
    for (; from != stop; from += inner) {
      part += of_zero[-*from];
    }
    sum += part;
  }
  uint32_t excess = 0; /* bits of the sum beyond 16 */
  uint32_t top = (uint32_t)(sum >> 16);
  for (; top != 0; top >>= 1) {
    ++excess;
  }
  const uint32_t rounded = (uint32_t)((sum + (uint64_t)(UINT32_C(1) << excess >> 1)) >> excess);
  const uint32_t reciprocal = ((UINT32_C(1) << 31) + rounded / 2) / rounded;
  const uint32_t factor = reciprocal * parameters->scale;
  const uint32_t shift = parameters->shift + excess;
  const int32_t zero_point = parameters->output_zero_point;
  for (; x != end; x += inner, y += inner) {
    int32_t steps = divided(of_zero[-*x], factor, shift) + zero_point;
    __asm__("cv.clip %0, %0, 8" : "+r"(steps));
    *y = (int8_t)steps;
  }
}

void tw_softmax_s8(const tw_softmax_s8_parameters *parameters, const int8_t *input,
                   const uint32_t exponentials[256], int8_t *output, uint32_t core,
                   uint32_t cores) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  if (share.begin == share.end) {
    return;
  }
  uint32_t column = share.begin % inner;
  uint32_t offset = (share.begin - column) * extent + column;
  for (uint32_t row = share.begin; row < share.end; ++row) {
    softmax_row(parameters, input + offset, exponentials, output + offset);
    ++offset;
    if (++column == inner) {
      column = 0;
      offset += (extent - 1) * inner;
    }
  }
}
