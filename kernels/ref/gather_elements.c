#include "tilewright/parallel.h"
#include "tilewright/scatter.h"
#include "tilewright/strided.h"

static uint32_t limited(int32_t index, uint32_t extent) {
  const int64_t positive = index < 0 ? (int64_t)index + extent : index;
  if (positive < 0) {
    return 0;
  }
  return positive < (int64_t)extent ? (uint32_t)positive : extent - 1;
}

void tw_gather_elements(const tw_gather_elements_parameters *parameters, const void *data,
                        const int32_t *indices, void *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  tw_walk walk = tw_walk_at(parameters->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    uint32_t source = 0;
    for (uint32_t axis = 0; axis < TW_AXES; ++axis) {
      const uint32_t extent = parameters->data_extents[axis];
      const uint32_t index =
          axis == parameters->axis ? limited(indices[i], extent) : walk.index[axis];
      source = source * extent + index;
    }
    switch (parameters->element_bytes) {
      case 1:
        ((uint8_t *)output)[i] = ((const uint8_t *)data)[source];
        break;
      case 2:
        ((uint16_t *)output)[i] = ((const uint16_t *)data)[source];
        break;
      default:
        ((uint32_t *)output)[i] = ((const uint32_t *)data)[source];
        break;
    }
    tw_walk_advance(&walk, 1);
  }
}
