#include "tilewright/arithmetic.h"
#include "tilewright/binary.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

void tw_add_s8(const tw_add_s8_parameters *parameters, const int8_t *left, const int8_t *right,
               int8_t *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  const int32_t left_stride = parameters->left_strides[TW_AXES - 1];
  const int32_t right_stride = parameters->right_strides[TW_AXES - 1];
  tw_walk walk = tw_walk_at(parameters->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end;) {
    const uint32_t run = tw_walk_run(&walk, share.end - i);
    const int8_t *a = left + tw_walk_offset(&walk, parameters->left_strides);
    const int8_t *b = right + tw_walk_offset(&walk, parameters->right_strides);
    for (uint32_t j = 0; j < run; ++j, a += left_stride, b += right_stride) {
      const int32_t sum =
          *a * parameters->left_scale + *b * parameters->right_scale + parameters->bias;
      output[i + j] = (int8_t)tw_clip(sum >> parameters->shift, parameters->low, parameters->high);
    }
    tw_walk_advance(&walk, run);
    i += run;
  }
}
