/* Where updates go, for the kernels of scatter.h. */
#ifndef TILEWRIGHT_SCATTER_POSITION_H_
#define TILEWRIGHT_SCATTER_POSITION_H_

#include <stdint.h>

#include "tilewright/scatter.h"
#include "tilewright/strided.h"

/* Position of a slice in the output, counted in slices; -1 if it lies outside. `index` has `depth`
 * numbers for axes of these extents. */
static inline int32_t tw_slice_position(const uint32_t *extents, uint32_t depth,
                                        const int32_t *index) {
  uint32_t position = 0;
  for (uint32_t axis = 0; axis < depth; ++axis) {
    const uint32_t extent = extents[axis];
    const int64_t positive = index[axis] < 0 ? (int64_t)index[axis] + extent : index[axis];
    if (positive < 0 || positive >= (int64_t)extent) {
      return -1;
    }
    position = position * extent + (uint32_t)positive;
  }
  return (int32_t)position;
}

/* Position of an update of tw_scatter_elements in the output, which has these extents; -1 if it
 * lies outside. `walk` is where it is among the updates, `index` what replaces its place on the
 * axis. */
static inline int32_t tw_element_position(const uint32_t *extents, uint32_t axis,
                                          const tw_walk *walk, int32_t index) {
  int32_t place[TW_AXES];
  for (uint32_t i = 0; i < TW_AXES; ++i) {
    place[i] = i == axis ? index : (int32_t)walk->index[i];
  }
  return tw_slice_position(extents, TW_AXES, place);
}

/* What an update leaves of an element. A NaN stays one. */
static inline float tw_combined_f32(uint32_t reduction, float old, float update) {
  switch (reduction) {
    case TW_SCATTER_ADD:
      return old + update;
    case TW_SCATTER_MULTIPLY:
      return old * update;
    case TW_SCATTER_MAX:
      return old > update || old != old ? old : update;
    case TW_SCATTER_MIN:
      return old < update || old != old ? old : update;
    default:
      return update;
  }
}

static inline int32_t tw_combined_s32(uint32_t reduction, int32_t old, int32_t update) {
  switch (reduction) {
    case TW_SCATTER_ADD:
      return (int32_t)((uint32_t)old + (uint32_t)update);
    case TW_SCATTER_MULTIPLY:
      return (int32_t)((uint32_t)old * (uint32_t)update);
    case TW_SCATTER_MAX:
      return old > update ? old : update;
    case TW_SCATTER_MIN:
      return old < update ? old : update;
    default:
      return update;
  }
}

#endif /* TILEWRIGHT_SCATTER_POSITION_H_ */
