/* Transposes, slices and expands on CORE-V cores. Where the innermost axis is dense in the input,
 * rows are copied word by word, all rows of the axis before it at once; else element by element in
 * a hardware loop. */
#include "tilewright/bytes.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/movement.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

#define INNERMOST (TW_AXES - 1)
#define ROWS (TW_AXES - 2)

/* Defines a copy of `run` elements, `stride` bytes apart in the input, two at a time so that no
 * load is used by the instruction after it. */
#define STRIDED_RUN(name, type, load, store, bytes)                                             \
  static void name(const void *input, int32_t stride, uint32_t run, void *output) {             \
    const uint8_t *from = input;                                                                \
    uint8_t *to = output;                                                                       \
    uint32_t a, b;                                                                              \
    if (run >= 2) {                                                                             \
      __asm__ volatile(                                                                         \
          TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f") "  " load                            \
                                                           " %[a], (%[from]), %[stride]\n"      \
                                                           "  " load                            \
                                                           " %[b], (%[from]), %[stride]\n"      \
                                                           "  " store " %[a], (%[to]), " #bytes \
                                                           "\n"                                 \
                                                           "  " store " %[b], (%[to]), " #bytes \
                                                           "\n"                                 \
                                                           "1:\n" TW_LOOP_END                   \
          : [a] "=&r"(a), [b] "=&r"(b), [from] "+r"(from), [to] "+r"(to)                        \
          : [pairs] "r"(run / 2), [stride] "r"(stride)                                          \
          : "memory");                                                                          \
    }                                                                                           \
    if (run % 2 != 0) {                                                                         \
      *(type *)(void *)to = *(const type *)(const void *)from;                                  \
    }                                                                                           \
  }

STRIDED_RUN(copy_bytes, uint8_t, "cv.lbu", "cv.sb", 1)
STRIDED_RUN(copy_halves, uint16_t, "cv.lhu", "cv.sh", 2)
STRIDED_RUN(copy_words, uint32_t, "cv.lw", "cv.sw", 4)

void tw_strided_copy(const tw_strided_copy_parameters *parameters, const void *input, void *output,
                     uint32_t core, uint32_t cores) {
  const uint32_t bytes = parameters->element_bytes;
  const tw_range share = tw_share(parameters->elements, core, cores);
  const uint32_t extent = parameters->extents[INNERMOST];
  const int32_t stride = parameters->strides[INNERMOST] * (int32_t)bytes;
  const int32_t row_stride = parameters->strides[ROWS] * (int32_t)bytes;
  void (*const copy_run)(const void *, int32_t, uint32_t, void *) =
      bytes == 1 ? copy_bytes : (bytes == 2 ? copy_halves : copy_words);
  tw_walk walk = tw_walk_at(parameters->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end;) {
    const int8_t *from =
        (const int8_t *)input +
        (parameters->offset + tw_walk_offset(&walk, parameters->strides)) * (int32_t)bytes;
    int8_t *to = (int8_t *)output + i * bytes;
    uint32_t rows = 0;
    if (walk.index[INNERMOST] == 0) {
      const uint32_t left = parameters->extents[ROWS] - walk.index[ROWS];
      const uint32_t whole = (share.end - i) / extent;
      rows = left < whole ? left : whole;
    }
    if (rows == 0) {
      const uint32_t run = tw_walk_run(&walk, share.end - i);
      copy_run(from, stride, run, to);
      tw_walk_advance(&walk, run);
      i += run;
      continue;
    }
    if (stride == (int32_t)bytes) {
      tw_copy_rows(to, from, extent * bytes, rows, (uint32_t)row_stride);
    } else {
      for (uint32_t row = 0; row < rows; ++row) {
        copy_run(from + (int32_t)row * row_stride, stride, extent, to + row * extent * bytes);
      }
    }
    walk.index[ROWS] += rows - 1;
    tw_walk_advance(&walk, extent);
    i += rows * extent;
  }
}
