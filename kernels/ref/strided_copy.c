#include "tilewright/movement.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

void tw_strided_copy(const tw_strided_copy_parameters *parameters, const void *input, void *output,
                     uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  const int32_t stride = parameters->strides[TW_AXES - 1];
  tw_walk walk = tw_walk_at(parameters->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end;) {
    const uint32_t run = tw_walk_run(&walk, share.end - i);
    const int32_t start = parameters->offset + tw_walk_offset(&walk, parameters->strides);
    switch (parameters->element_bytes) {
      case 1: {
        const uint8_t *source = (const uint8_t *)input + start;
        uint8_t *target = (uint8_t *)output + i;
        for (uint32_t j = 0; j < run; ++j) {
          target[j] = source[(int32_t)j * stride];
        }
        break;
      }
      case 2: {
        const uint16_t *source = (const uint16_t *)input + start;
        uint16_t *target = (uint16_t *)output + i;
        for (uint32_t j = 0; j < run; ++j) {
          target[j] = source[(int32_t)j * stride];
        }
        break;
      }
      default: {
        const uint32_t *source = (const uint32_t *)input + start;
        uint32_t *target = (uint32_t *)output + i;
        for (uint32_t j = 0; j < run; ++j) {
          target[j] = source[(int32_t)j * stride];
        }
        break;
      }
    }
    tw_walk_advance(&walk, run);
    i += run;
  }
}
