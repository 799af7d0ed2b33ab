/* What functions of two int8 tensors share on CORE-V cores. Usually there is one run, in which both
 * operands are as dense as the output, of whole words: kernels compute that themselves. */
#ifndef KERNELS_XCOREV_BINARY_RUNS_H_
#define KERNELS_XCOREV_BINARY_RUNS_H_

#include <stdint.h>

#include "tilewright/parallel.h"
#include "tilewright/placement.h"
#include "tilewright/strided.h"

/* Elements of a step; shares begin at multiples of them, which are whole words of the output. */
#define QUAD 4u

/* Of tw_walk. */
typedef struct {
  uint32_t elements;
  const uint32_t *extents;
  const int32_t *left_strides;
  const int32_t *right_strides;
} binary_geometry;

/* One operand of a run. */
typedef struct {
  const int8_t *values;
  int32_t stride;
} binary_operand;

/* Computes `count` elements of the output. */
typedef void (*binary_run)(const void *parameters, binary_operand left, binary_operand right,
                           int8_t *output, uint32_t count);

static inline int is_dense(uint32_t elements, const uint32_t extents[TW_AXES],
                           const int32_t left_strides[TW_AXES],
                           const int32_t right_strides[TW_AXES]) {
  return extents[TW_AXES - 1] == elements && elements % QUAD == 0 &&
         left_strides[TW_AXES - 1] == 1 && right_strides[TW_AXES - 1] == 1;
}

/* A core's share, run by run. */
static inline void compute_runs(const binary_geometry *in, const void *parameters,
                                const int8_t *left, const int8_t *right, int8_t *output,
                                uint32_t core, uint32_t cores, binary_run compute) {
  const tw_range quads = tw_share(in->elements / QUAD, core, cores);
  const uint32_t end = core == cores - 1 ? in->elements : quads.end * QUAD;
  uint32_t i = quads.begin * QUAD;
  tw_walk walk = tw_walk_at(in->extents, i);
  while (i < end) {
    const uint32_t count = tw_walk_run(&walk, end - i);
    const binary_operand a = {left + tw_walk_offset(&walk, in->left_strides),
                              in->left_strides[TW_AXES - 1]};
    const binary_operand b = {right + tw_walk_offset(&walk, in->right_strides),
                              in->right_strides[TW_AXES - 1]};
    compute(parameters, a, b, output + i, count);
    tw_walk_advance(&walk, count);
    i += count;
  }
}

#endif /* KERNELS_XCOREV_BINARY_RUNS_H_ */
