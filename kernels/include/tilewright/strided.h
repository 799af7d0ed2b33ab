/* Walks a dense output in order while following operands with a stride for each axis.
 *
 * Walks have 6 axes, outermost first; unused ones come first and have extent 1 and stride 0. */
#ifndef TILEWRIGHT_STRIDED_H_
#define TILEWRIGHT_STRIDED_H_

#include <stdint.h>

#define TW_AXES 6

typedef struct {
  const uint32_t *extents;
  uint32_t index[TW_AXES];
} tw_walk;

/* A walk that stands at flat index `element` of the output. */
static inline tw_walk tw_walk_at(const uint32_t extents[TW_AXES], uint32_t element) {
  tw_walk walk = {extents, {0}};
  for (uint32_t axis = TW_AXES; axis-- > 0;) {
    walk.index[axis] = element % extents[axis];
    element /= extents[axis];
  }
  return walk;
}

/* Offset, in elements, of an operand with the given strides. */
static inline int32_t tw_walk_offset(const tw_walk *walk, const int32_t strides[TW_AXES]) {
  int32_t offset = 0;
  for (uint32_t axis = 0; axis < TW_AXES; ++axis) {
    offset += (int32_t)walk->index[axis] * strides[axis];
  }
  return offset;
}

/* Elements left on the innermost axis, at most `limit`. */
static inline uint32_t tw_walk_run(const tw_walk *walk, uint32_t limit) {
  const uint32_t left = walk->extents[TW_AXES - 1] - walk->index[TW_AXES - 1];
  return left < limit ? left : limit;
}

/* Moves on by a run, as `tw_walk_run` gave it. */
static inline void tw_walk_advance(tw_walk *walk, uint32_t run) {
  uint32_t axis = TW_AXES - 1;
  walk->index[axis] += run;
  while (axis > 0 && walk->index[axis] == walk->extents[axis]) {
    walk->index[axis] = 0;
    ++walk->index[--axis];
  }
}

#endif /* TILEWRIGHT_STRIDED_H_ */
