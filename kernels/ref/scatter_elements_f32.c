#include "tilewright/parallel.h"
#include "tilewright/scatter.h"
#include "tilewright/scatter_position.h"

/* Cores share the output, not the updates: several may have the same index, and are combined in
 * order. */
void tw_scatter_elements_f32(const tw_scatter_elements_f32_parameters *parameters,
                             const float *data, const int32_t *indices, const float *updates,
                             float *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->data_elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = data[i];
  }
  tw_walk walk = tw_walk_at(parameters->extents, 0);
  for (uint32_t i = 0; i < parameters->updates; ++i) {
    const int32_t position =
        tw_element_position(parameters->data_extents, parameters->axis, &walk, indices[i]);
    if (position >= (int32_t)share.begin && position < (int32_t)share.end) {
      output[position] = tw_combined_f32(parameters->reduction, output[position], updates[i]);
    }
    tw_walk_advance(&walk, 1);
  }
}
