#include "tilewright/movement.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

/* Flat index of the input element at the walk's position; -1 if it lies outside of the input. */
static int32_t source_index(const tw_pad_parameters *parameters, const tw_walk *walk) {
  uint32_t flat = 0;
  for (uint32_t axis = 0; axis < TW_AXES; ++axis) {
    const int32_t index = (int32_t)walk->index[axis] - parameters->begins[axis];
    if (index < 0 || (uint32_t)index >= parameters->input_extents[axis]) {
      return -1;
    }
    flat = flat * parameters->input_extents[axis] + (uint32_t)index;
  }
  return (int32_t)flat;
}

void tw_pad(const tw_pad_parameters *parameters, const void *input, void *output, uint32_t core,
            uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  const uint32_t fill = parameters->fill;
  tw_walk walk = tw_walk_at(parameters->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int32_t source = source_index(parameters, &walk);
    switch (parameters->element_bytes) {
      case 1:
        ((uint8_t *)output)[i] = source < 0 ? (uint8_t)fill : ((const uint8_t *)input)[source];
        break;
      case 2:
        ((uint16_t *)output)[i] = source < 0 ? (uint16_t)fill : ((const uint16_t *)input)[source];
        break;
      default:
        ((uint32_t *)output)[i] = source < 0 ? fill : ((const uint32_t *)input)[source];
        break;
    }
    tw_walk_advance(&walk, 1);
  }
}
