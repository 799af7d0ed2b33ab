#include "tilewright/parallel.h"
#include "tilewright/top_k.h"

/* Whether a comes before b by value: 1, 0, or -1 if they are equal. */
static int before(float a, float b, uint32_t smallest) {
  if (a != a || b != b) {
    return a != a ? (b != b ? -1 : 1) : 0;
  }
  return a == b ? -1 : (smallest ? a < b : a > b);
}

void tw_top_k_f32(const tw_top_k_f32_parameters *parameters, const float *input, float *values,
                  int32_t *indices, uint32_t core, uint32_t cores) {
  const uint32_t extent = parameters->extent;
  const uint32_t inner = parameters->inner;
  const uint32_t count = parameters->count;
  const uint32_t smallest = parameters->smallest;
  const tw_range share = tw_share(parameters->outer * inner, core, cores);
  for (uint32_t line = share.begin; line < share.end; ++line) {
    const float *x = input + line / inner * extent * inner + line % inner;
    const uint32_t offset = line / inner * count * inner + line % inner;
    uint32_t last = 0; /* the element chosen before this one */
    for (uint32_t k = 0; k < count; ++k) {
      uint32_t best = extent;
      for (uint32_t j = 0; j < extent; ++j) {
        if (k > 0) {
          /* Chosen already: what comes before the last one, and that one. */
          const int chosen = before(x[j * inner], x[last * inner], smallest);
          if (chosen == 1 || (chosen == -1 && j <= last)) {
            continue;
          }
        }
        if (best == extent || before(x[j * inner], x[best * inner], smallest) == 1) {
          best = j;
        }
      }
      values[offset + k * inner] = x[best * inner];
      indices[offset + k * inner] = (int32_t)best;
      last = best;
    }
  }
}
