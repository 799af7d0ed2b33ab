/* What functions of two int8 tensors share on CORE-V cores: the division into runs, in which both
 * operands have one stride. */
#ifndef KERNELS_XCOREV_BINARY_RUNS_H_
#define KERNELS_XCOREV_BINARY_RUNS_H_

#include <stdint.h>

#include "tilewright/parallel.h"
#include "tilewright/placement.h"
#include "tilewright/strided.h"

/* Elements of a step; shares begin at multiples of them, which are whole words of the output. */
#define QUAD 4u

/* A core's share of the output. */
static inline tw_range share_of_quads(uint32_t elements, uint32_t core, uint32_t cores) {
  tw_range share = tw_share(elements / QUAD, core, cores);
  share.begin *= QUAD;
  share.end = core == cores - 1 ? elements : share.end * QUAD;
  return share;
}

/* Defines two functions with a kernel's parameters. `name`_in_runs computes any share:
 * compute_quads(parameters, left, left_stride, right, right_stride, output, quads) most of it,
 * compute_single(parameters, *left, *right) what is left of runs. `name`_in_one_run, which is
 * usually enough and small, computes whole quads of operands with one stride each. */
#define DEFINE_BINARY(name, parameters_type)                                                       \
  TW_CALLED_RARELY static void name##_in_runs(const parameters_type *parameters,                   \
                                              const int8_t *left, const int8_t *right,             \
                                              int8_t *output, uint32_t core, uint32_t cores) {     \
    const tw_range share = share_of_quads(parameters->elements, core, cores);                      \
    const int32_t left_stride = parameters->left_strides[TW_AXES - 1];                             \
    const int32_t right_stride = parameters->right_strides[TW_AXES - 1];                           \
    tw_walk walk = tw_walk_at(parameters->extents, share.begin);                                   \
    for (uint32_t i = share.begin; i < share.end;) {                                               \
      const uint32_t count = tw_walk_run(&walk, share.end - i);                                    \
      const uint32_t quads = count / QUAD;                                                         \
      const int8_t *a = left + tw_walk_offset(&walk, parameters->left_strides);                    \
      const int8_t *b = right + tw_walk_offset(&walk, parameters->right_strides);                  \
      if (quads != 0) {                                                                            \
        compute_quads(parameters, a, left_stride, b, right_stride, output + i, quads);             \
      }                                                                                            \
      for (uint32_t k = quads * QUAD; k < count; ++k) {                                            \
        output[i + k] =                                                                            \
            compute_single(parameters, a[(int32_t)k * left_stride], b[(int32_t)k * right_stride]); \
      }                                                                                            \
      tw_walk_advance(&walk, count);                                                               \
      i += count;                                                                                  \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  static inline void name##_in_one_run(const parameters_type *parameters, const int8_t *left,      \
                                       const int8_t *right, int8_t *output, uint32_t core,         \
                                       uint32_t cores) {                                           \
    const tw_range share = tw_share(parameters->elements / QUAD, core, cores);                     \
    const uint32_t quads = share.end - share.begin;                                                \
    const uint32_t begin = share.begin * QUAD;                                                     \
    const int32_t left_stride = parameters->left_strides[TW_AXES - 1];                             \
    const int32_t right_stride = parameters->right_strides[TW_AXES - 1];                           \
    if (quads != 0) {                                                                              \
      compute_quads(parameters, left + (int32_t)begin * left_stride, left_stride,                  \
                    right + (int32_t)begin * right_stride, right_stride, output + begin, quads);   \
    }                                                                                              \
  }

/* Whether there is one run, of whole quads. */
static inline int is_one_run(uint32_t elements, const uint32_t extents[TW_AXES]) {
  return extents[TW_AXES - 1] == elements && elements % QUAD == 0;
}

#endif /* KERNELS_XCOREV_BINARY_RUNS_H_ */
