#include "tilewright/parallel.h"
#include "tilewright/scatter.h"
#include "tilewright/scatter_position.h"

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
    const int32_t position =
        tw_slice_position(parameters->extents, parameters->depth, indices + s * parameters->depth);
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
