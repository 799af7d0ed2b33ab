#include "tilewright/parallel.h"
#include "tilewright/scatter.h"
#include "tilewright/scatter_position.h"

static void move(uint32_t bytes, void *output, uint32_t to, const void *input, uint32_t from) {
  switch (bytes) {
    case 1:
      ((uint8_t *)output)[to] = ((const uint8_t *)input)[from];
      break;
    case 2:
      ((uint16_t *)output)[to] = ((const uint16_t *)input)[from];
      break;
    default:
      ((uint32_t *)output)[to] = ((const uint32_t *)input)[from];
      break;
  }
}

/* Cores share the output, not the updates: several may have the same index, and the last one must
 * stay. */
void tw_scatter_elements(const tw_scatter_elements_parameters *parameters, const void *data,
                         const int32_t *indices, const void *updates, void *output, uint32_t core,
                         uint32_t cores) {
  const uint32_t bytes = parameters->element_bytes;
  const tw_range share = tw_share(parameters->data_elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    move(bytes, output, i, data, i);
  }
  tw_walk walk = tw_walk_at(parameters->extents, 0);
  for (uint32_t i = 0; i < parameters->updates; ++i) {
    const int32_t position =
        tw_element_position(parameters->data_extents, parameters->axis, &walk, indices[i]);
    if (position >= (int32_t)share.begin && position < (int32_t)share.end) {
      move(bytes, output, (uint32_t)position, updates, i);
    }
    tw_walk_advance(&walk, 1);
  }
}
