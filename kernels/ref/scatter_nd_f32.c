#include "tilewright/parallel.h"
#include "tilewright/scatter.h"
#include "tilewright/scatter_position.h"

/* Cores share the output, not the slices: slices may have the same index, and are combined in
 * order. */
void tw_scatter_nd_f32(const tw_scatter_nd_f32_parameters *parameters, const float *data,
                       const int32_t *indices, const float *updates, float *output, uint32_t core,
                       uint32_t cores) {
  const uint32_t elements = parameters->slice_elements;
  const float *slice = updates;
  const tw_range share = tw_share(parameters->data_elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = data[i];
  }
  for (uint32_t s = 0; s < parameters->slices; ++s, slice += elements) {
    const int32_t position =
        tw_slice_position(parameters->extents, parameters->depth, indices + s * parameters->depth);
    if (position < 0) {
      continue;
    }
    const uint32_t first = (uint32_t)position * elements;
    const uint32_t begin = first > share.begin ? first : share.begin;
    const uint32_t end = first + elements < share.end ? first + elements : share.end;
    for (uint32_t i = begin; i < end; ++i) {
      output[i] = tw_combined_f32(parameters->reduction, output[i], slice[i - first]);
    }
  }
}
