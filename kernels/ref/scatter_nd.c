#include "tilewright/parallel.h"
#include "tilewright/scatter.h"

/* Position of a slice in the output, counted in slices; -1 if it lies outside. */
static int32_t position_of(const tw_scatter_nd_parameters *parameters, const int32_t *index) {
  uint32_t position = 0;
  for (uint32_t axis = 0; axis < parameters->depth; ++axis) {
    const uint32_t extent = parameters->extents[axis];
    const int64_t positive = index[axis] < 0 ? (int64_t)index[axis] + extent : index[axis];
    if (positive < 0 || positive >= (int64_t)extent) {
      return -1;
    }
    position = position * extent + (uint32_t)positive;
  }
  return (int32_t)position;
}

/* Cores share the output's bytes, not the slices: slices may have the same index, and the last one
 * must stay. */
void tw_scatter_nd(const tw_scatter_nd_parameters *parameters, const void *data,
                   const int32_t *indices, const void *updates, void *output, uint32_t core,
                   uint32_t cores) {
  const uint32_t bytes = parameters->slice_bytes;
  const uint8_t *source = data;
  const uint8_t *slice = updates;
  uint8_t *target = output;
  const tw_range share = tw_share(parameters->data_bytes, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    target[i] = source[i];
  }
  for (uint32_t s = 0; s < parameters->slices; ++s, slice += bytes) {
    const int32_t position = position_of(parameters, indices + s * parameters->depth);
    if (position < 0) {
      continue;
    }
    const uint32_t first = (uint32_t)position * bytes;
    const uint32_t begin = first > share.begin ? first : share.begin;
    const uint32_t end = first + bytes < share.end ? first + bytes : share.end;
    for (uint32_t i = begin; i < end; ++i) {
      target[i] = slice[i - first];
    }
  }
}
