/* Contiguous rows are copied word by word. Otherwise elements, and rows of 2 or 4 bytes, move along
 * the longer one of the last two axes, in 2 instructions each. */
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

/* One element at any address. */
static inline void move_single(int8_t *to, const int8_t *from, uint32_t bytes) {
  uint32_t a;
  if (bytes == 1) {
    *to = *from;
  } else if (bytes == 2) {
    __asm__ volatile("lh %0, 0(%1)\n  sh %0, 0(%2)" : "=&r"(a) : "r"(from), "r"(to) : "memory");
  } else {
    __asm__ volatile("lw %0, 0(%1)\n  sw %0, 0(%2)" : "=&r"(a) : "r"(from), "r"(to) : "memory");
  }
}

static void move(int8_t *to, int32_t output_stride, const int8_t *from, int32_t input_stride,
                 uint32_t count, uint32_t bytes) {
  uint32_t a, b, c, d;
  if (count >= 4) {
    if (bytes == 1) {
      MOVE_QUADS("cv.lb", "cv.sb");
    } else if (bytes == 2) {
      MOVE_QUADS("cv.lh", "cv.sh");
    } else {
      MOVE_QUADS("cv.lw", "cv.sw");
    }
  }
  for (count %= 4; count > 0; --count) {
    move_single(to, from, bytes);
    to += output_stride;
    from += input_stride;
  }
}

/* The last two axes of the output; strides in bytes. */
typedef struct {
  uint32_t rows;
  uint32_t columns;
  int32_t row_stride; /* of the input */
  int32_t stride;
  int32_t output_row_stride;
  int32_t output_stride;
} matrix;

/* `count` elements from (`row`, `column`) on; `from` and `to` point to the matrix. */
static void move_part(const matrix *shape, const int8_t *from, int8_t *to, uint32_t row,
                      uint32_t column, uint32_t count, uint32_t bytes) {
  from += (int32_t)row * shape->row_stride + (int32_t)column * shape->stride;
  to += (int32_t)row * shape->output_row_stride + (int32_t)column * shape->output_stride;
  const int32_t row_stride = shape->row_stride;
  const uint32_t columns = shape->columns;
  const uint32_t before = shape->columns - column < count ? columns - column : count;
  if (shape->stride == (int32_t)bytes && shape->output_stride == (int32_t)bytes) {
    if (column != 0) {
      tw_copy_rows(to, from, before * bytes, 1, 0);
      from += row_stride - (int32_t)(column * bytes);
      to += before * bytes;
      count -= before;
    }
    const uint32_t rows = count / columns;
    tw_copy_rows(to, from, columns * bytes, rows, (uint32_t)row_stride);
    const uint32_t behind = count - rows * columns;
    if (behind != 0) {
      tw_copy_rows(to + rows * columns * bytes, from + (int32_t)rows * row_stride, behind * bytes,
                   1, 0);
    }
    return;
  }
  for (uint32_t run = before;;) {
    move(to, shape->output_stride, from, shape->stride, run, bytes);
    count -= run;
    if (count == 0) {
      return;
    }
    from += row_stride - (int32_t)column * shape->stride;
    to += shape->output_row_stride - (int32_t)column * shape->output_stride;
    column = 0;
    run = columns < count ? columns : count;
  }
}

void tw_strided_copy(const tw_strided_copy_parameters *parameters, const void *input, void *output,
                     uint32_t core, uint32_t cores) {
  const uint32_t *const extents = parameters->extents;
  const int32_t *const strides = parameters->strides;
  const int32_t unit = (int32_t)parameters->element_bytes; /* of strides */
  uint32_t elements = parameters->elements;
  uint32_t bytes = parameters->element_bytes;
  uint32_t last = TW_AXES - 1;
  /* A row of 2 or 4 bytes is moved like an element. */
  const uint32_t row_bytes = extents[last] * bytes;
  if (strides[last] == 1 && row_bytes != bytes && (row_bytes == 2 || row_bytes == 4)) {
    elements >>= extents[last] / 2;
    bytes = row_bytes;
    --last;
  }
  const tw_range share = tw_share(elements, core, cores);
  if (share.begin == share.end) {
    return;
  }
  matrix shape = {extents[last - 1],
                  extents[last],
                  strides[last - 1] * unit,
                  strides[last] * unit,
                  (int32_t)(extents[last] * bytes),
                  (int32_t)bytes};
  if (shape.stride != (int32_t)bytes && shape.rows > shape.columns) {
    shape = (matrix){shape.columns,    shape.rows,          shape.stride,
                     shape.row_stride, shape.output_stride, shape.output_row_stride};
  }
  const int8_t *from = (const int8_t *)input + parameters->offset * unit;
  const uint32_t size = shape.rows * shape.columns;
  /* Which matrix the share begins with, and where it is. */
  uint32_t index[TW_AXES] = {0};
  uint32_t number = 0;
  uint32_t at = share.begin;
  if (size != elements) {
    number = share.begin / size;
    at -= number * size;
    uint32_t rest = number;
    for (uint32_t axis = last - 1; axis-- > 0 && rest != 0;) {
      const uint32_t above = rest / extents[axis];
      index[axis] = rest - above * extents[axis];
      from += (int32_t)index[axis] * strides[axis] * unit;
      rest = above;
    }
  }
  int8_t *to = (int8_t *)output + number * size * bytes;
  for (uint32_t left = share.end - share.begin;;) {
    const uint32_t row = at == 0 ? 0 : at / shape.columns;
    const uint32_t count = size - at < left ? size - at : left;
    move_part(&shape, from, to, row, at - row * shape.columns, count, bytes);
    left -= count;
    if (left == 0) {
      return;
    }
    at = 0;
    to += size * bytes;
    /* There is a further matrix, so that some axis is not at its end. */
    for (uint32_t axis = last - 2;; --axis) {
      from += strides[axis] * unit;
      if (++index[axis] != extents[axis]) {
        break;
      }
      from -= (int32_t)extents[axis] * strides[axis] * unit;
      index[axis] = 0;
    }
  }
}
