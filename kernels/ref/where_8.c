#include "tilewright/where.h"

#include "tilewright/parallel.h"
#include "tilewright/strided.h"

void tw_where_8(const tw_where_8_parameters *parameters, const uint8_t *condition, const void *left,
                const void *right, void *output, uint32_t core, uint32_t cores) {
  uint8_t *target = output;
  const tw_range share = tw_share(parameters->elements, core, cores);
  const int32_t condition_stride = parameters->condition_strides[TW_AXES - 1];
  const int32_t left_stride = parameters->left_strides[TW_AXES - 1];
  const int32_t right_stride = parameters->right_strides[TW_AXES - 1];
  tw_walk walk = tw_walk_at(parameters->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end;) {
    const uint32_t run = tw_walk_run(&walk, share.end - i);
    const uint8_t *c = condition + tw_walk_offset(&walk, parameters->condition_strides);
    const uint8_t *a = (const uint8_t *)left + tw_walk_offset(&walk, parameters->left_strides);
    const uint8_t *b = (const uint8_t *)right + tw_walk_offset(&walk, parameters->right_strides);
    for (uint32_t j = 0; j < run; ++j) {
      target[i + j] = *c != 0 ? *a : *b;
      c += condition_stride;
      a += left_stride;
      b += right_stride;
    }
    tw_walk_advance(&walk, run);
    i += run;
  }
}
