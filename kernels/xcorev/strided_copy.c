/* Contiguous rows are copied word by word. Otherwise elements move along the longer one of the last
 * two axes, in 2 instructions each. */
#include "tilewright/bytes.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/movement.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

/* Moves 4 * `quads` elements; strides in bytes. A load is never used by the instruction after it.
 */
#define MOVE_QUADS(load, store)                                                                  \
  __asm__ volatile(                                                                              \
      TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[quads]", "1f") "  " load                                 \
                                                       " %[a], (%[from]), %[input]\n"            \
                                                       "  " load                                 \
                                                       " %[b], (%[from]), %[input]\n"            \
                                                       "  " load                                 \
                                                       " %[c], (%[from]), %[input]\n"            \
                                                       "  " load                                 \
                                                       " %[d], (%[from]), %[input]\n"            \
                                                       "  " store                                \
                                                       " %[a], (%[to]), %[output]\n"             \
                                                       "  " store                                \
                                                       " %[b], (%[to]), %[output]\n"             \
                                                       "  " store                                \
                                                       " %[c], (%[to]), %[output]\n"             \
                                                       "  " store                                \
                                                       " %[d], (%[to]), %[output]\n"             \
                                                       "1:\n" TW_LOOP_END                        \
      : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [from] "+r"(from), [to] "+r"(to) \
      : [input] "r"(input_stride), [output] "r"(output_stride), [quads] "r"(count / 4)           \
      : "memory")

static void move(int8_t *to, int32_t output_stride, const int8_t *from, int32_t input_stride,
                 uint32_t count, uint32_t element_bytes) {
  uint32_t a, b, c, d;
  if (count >= 4) {
    if (element_bytes == 1) {
      MOVE_QUADS("cv.lb", "cv.sb");
    } else if (element_bytes == 2) {
      MOVE_QUADS("cv.lh", "cv.sh");
    } else {
      MOVE_QUADS("cv.lw", "cv.sw");
    }
  }
  for (count %= 4; count > 0; --count) {
    tw_copy_rows(to, from, element_bytes, 1, 0);
    to += output_stride;
    from += input_stride;
  }
}

void tw_strided_copy(const tw_strided_copy_parameters *parameters, const void *input, void *output,
                     uint32_t core, uint32_t cores) {
  enum { LAST = TW_AXES - 1, OTHER = TW_AXES - 2 };
  const uint32_t bytes = parameters->element_bytes;
  const tw_range share = tw_share(parameters->elements, core, cores);
  uint32_t extents[TW_AXES];
  int32_t strides[TW_AXES];
  int32_t output_strides[TW_AXES];
  int32_t dense = (int32_t)bytes;
  for (uint32_t axis = TW_AXES; axis-- > 0;) {
    extents[axis] = parameters->extents[axis];
    strides[axis] = parameters->strides[axis] * (int32_t)bytes;
    output_strides[axis] = dense;
    dense *= (int32_t)extents[axis];
  }
  const int contiguous = strides[LAST] == (int32_t)bytes;
  if (!contiguous && extents[OTHER] > extents[LAST]) {
    const uint32_t extent = extents[OTHER];
    const int32_t stride = strides[OTHER];
    extents[OTHER] = extents[LAST];
    strides[OTHER] = strides[LAST];
    output_strides[OTHER] = output_strides[LAST];
    extents[LAST] = extent;
    strides[LAST] = stride;
    output_strides[LAST] = (int32_t)(extents[OTHER] * bytes);
  }
  tw_walk walk = tw_walk_at(extents, share.begin);
  for (uint32_t i = share.begin; i < share.end;) {
    uint32_t run = tw_walk_run(&walk, share.end - i);
    const int8_t *from = (const int8_t *)input + parameters->offset * (int32_t)bytes +
                         tw_walk_offset(&walk, strides);
    int8_t *to = (int8_t *)output + tw_walk_offset(&walk, output_strides);
    if (!contiguous) {
      move(to, output_strides[LAST], from, strides[LAST], run, bytes);
    } else if (run == extents[LAST]) {
      /* Whole rows of the last two axes, which are dense in the output. */
      const uint32_t left = (share.end - i) / run;
      const uint32_t below = extents[OTHER] - walk.index[OTHER];
      const uint32_t rows = below < left ? below : left;
      tw_copy_rows(to, from, run * bytes, rows, (uint32_t)strides[OTHER]);
      walk.index[OTHER] += rows - 1;
      i += (rows - 1) * run;
    } else {
      tw_copy_rows(to, from, run * bytes, 1, 0);
    }
    tw_walk_advance(&walk, run);
    i += run;
  }
}
