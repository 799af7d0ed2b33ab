/* The loops of a kernel that finds the most extreme element along an axis. */
#ifndef TILEWRIGHT_ARG_EXTREME_LOOP_H_
#define TILEWRIGHT_ARG_EXTREME_LOOP_H_

#include "tilewright/parallel.h"

/* Whether an integer is more extreme than another one. */
static inline int tw_integer_beats(int32_t value, int32_t best, uint32_t smallest) {
  return smallest ? value < best : value > best;
}

/* Defines kernel `name` for elements of which `beats(value, best, smallest)` tells whether one is
 * more extreme than the other; equal ones do not beat each other. */
#define TW_ARG_EXTREME_KERNEL(name, Element, beats)                                     \
  void name(const name##_parameters *parameters, const Element *input, int32_t *output, \
            uint32_t core, uint32_t cores) {                                            \
    const uint32_t extent = parameters->extent;                                         \
    const uint32_t inner = parameters->inner;                                           \
    const uint32_t smallest = parameters->smallest;                                     \
    const tw_range share = tw_share(parameters->outer * inner, core, cores);            \
    for (uint32_t i = share.begin; i < share.end; ++i) {                                \
      const Element *x = input + i / inner * extent * inner + i % inner;                \
      /* Equals never replace each other: walking backwards finds the last one. */      \
      uint32_t index = parameters->last ? extent - 1 : 0;                               \
      Element best = x[index * inner];                                                  \
      for (uint32_t k = 1; k < extent; ++k) {                                           \
        const uint32_t j = parameters->last ? extent - 1 - k : k;                       \
        const Element value = x[j * inner];                                             \
        if (beats(value, best, smallest)) {                                             \
          best = value;                                                                 \
          index = j;                                                                    \
        }                                                                               \
      }                                                                                 \
      output[i] = (int32_t)index;                                                       \
    }                                                                                   \
  }

#endif /* TILEWRIGHT_ARG_EXTREME_LOOP_H_ */
