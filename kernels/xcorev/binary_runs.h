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

/* One operand of a run. */
typedef struct {
  const int8_t *values;
  int32_t stride;
} binary_operand;

/* Computes `count` elements of the output. */
typedef void (*binary_run)(const void *parameters, binary_operand left, binary_operand right,
                           int8_t *output, uint32_t count);

/* Extents and strides are those of strided.h. */
typedef struct {
  const uint32_t *extents;
  const int32_t *left_strides;
  const int32_t *right_strides;
} binary_geometry;

TW_CALLED_RARELY static void compute_many_runs(const binary_geometry *in, const void *parameters,
                                               const int8_t *left, const int8_t *right,
                                               int8_t *output, tw_range share, binary_run compute) {
  tw_walk walk = tw_walk_at(in->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end;) {
    const uint32_t count = tw_walk_run(&walk, share.end - i);
    const binary_operand a = {left + tw_walk_offset(&walk, in->left_strides),
                              in->left_strides[TW_AXES - 1]};
    const binary_operand b = {right + tw_walk_offset(&walk, in->right_strides),
                              in->right_strides[TW_AXES - 1]};
    compute(parameters, a, b, output + i, count);
    tw_walk_advance(&walk, count);
    i += count;
  }
}

/* A core's share of the output. */
static inline tw_range share_of_quads(uint32_t elements, uint32_t core, uint32_t cores) {
  tw_range share = tw_share(elements / QUAD, core, cores);
  share.begin *= QUAD;
  share.end = core == cores - 1 ? elements : share.end * QUAD;
  return share;
}

/* Computes a core's share; mostly it is one run. `p` are parameters that have extents and strides.
 */
#define COMPUTE_BINARY(p, left, right, output, core, cores, compute)                          \
  do {                                                                                        \
    const tw_range share = share_of_quads((p)->elements, core, cores);                        \
    if ((p)->extents[TW_AXES - 1] == (p)->elements) {                                         \
      const int32_t left_stride = (p)->left_strides[TW_AXES - 1];                             \
      const int32_t right_stride = (p)->right_strides[TW_AXES - 1];                           \
      const binary_operand a = {(left) + (int32_t)share.begin * left_stride, left_stride};    \
      const binary_operand b = {(right) + (int32_t)share.begin * right_stride, right_stride}; \
      compute(p, a, b, (output) + share.begin, share.end - share.begin);                      \
    } else {                                                                                  \
      const binary_geometry in = {(p)->extents, (p)->left_strides, (p)->right_strides};       \
      compute_many_runs(&in, p, left, right, output, share, compute);                         \
    }                                                                                         \
  } while (0)

#endif /* KERNELS_XCOREV_BINARY_RUNS_H_ */
