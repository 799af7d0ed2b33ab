/* The loops of a kernel that selects the first elements of an order. */
#ifndef TILEWRIGHT_TOP_K_LOOP_H_
#define TILEWRIGHT_TOP_K_LOOP_H_

#include "tilewright/parallel.h"

/* Whether integer a comes before b: 1, 0, or -1 if they are equal. */
static inline int tw_integer_before(int32_t a, int32_t b, uint32_t smallest) {
  return a == b ? -1 : (smallest ? a < b : a > b);
}

/* Defines kernel `name` for elements of which `before(a, b, smallest)` tells whether a comes before
 * b as above. */
#define TW_TOP_K_KERNEL(name, Element, before)                                          \
  void name(const name##_parameters *parameters, const Element *input, Element *values, \
            int32_t *indices, uint32_t core, uint32_t cores) {                          \
    const uint32_t extent = parameters->extent;                                         \
    const uint32_t inner = parameters->inner;                                           \
    const uint32_t count = parameters->count;                                           \
    const uint32_t smallest = parameters->smallest;                                     \
    const tw_range share = tw_share(parameters->outer * inner, core, cores);            \
    for (uint32_t line = share.begin; line < share.end; ++line) {                       \
      const Element *x = input + line / inner * extent * inner + line % inner;          \
      const uint32_t offset = line / inner * count * inner + line % inner;              \
      uint32_t last = 0; /* the element chosen before this one */                       \
      for (uint32_t k = 0; k < count; ++k) {                                            \
        uint32_t best = extent;                                                         \
        for (uint32_t j = 0; j < extent; ++j) {                                         \
          /* Chosen already: what comes before the last one, and that one. */           \
          if (k > 0) {                                                                  \
            const int chosen = before(x[j * inner], x[last * inner], smallest);         \
            if (chosen == 1 || (chosen == -1 && j <= last)) {                           \
              continue;                                                                 \
            }                                                                           \
          }                                                                             \
          if (best == extent || before(x[j * inner], x[best * inner], smallest) == 1) { \
            best = j;                                                                   \
          }                                                                             \
        }                                                                               \
        values[offset + k * inner] = x[best * inner];                                   \
        indices[offset + k * inner] = (int32_t)best;                                    \
        last = best;                                                                    \
      }                                                                                 \
    }                                                                                   \
  }

#endif /* TILEWRIGHT_TOP_K_LOOP_H_ */
