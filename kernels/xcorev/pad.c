/* Elements that lie behind the last padded axis are contiguous: they are copied and filled as one.
 */
#include "tilewright/bytes.h"
#include "tilewright/movement.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

static void fill_elements(const tw_pad_parameters *parameters, int8_t *to, uint32_t bytes) {
  const uint32_t fill = parameters->fill;
  if (parameters->element_bytes == 1) {
    tw_fill_bytes(to, (int8_t)fill, bytes);
  } else if (parameters->element_bytes == 2) {
    for (int8_t *end = to + bytes; to != end; to += 2) {
      *(uint16_t *)(void *)to = (uint16_t)fill;
    }
  } else {
    for (int8_t *end = to + bytes; to != end; to += 4) {
      *(uint32_t *)(void *)to = fill;
    }
  }
}

void tw_pad(const tw_pad_parameters *parameters, const void *input, void *output, uint32_t core,
            uint32_t cores) {
  const uint32_t *input_extents = parameters->input_extents;
  /* The last axis with padding, and the bytes of one of its steps. */
  uint32_t last = TW_AXES - 1;
  uint32_t step = parameters->element_bytes;
  while (last > 0 && parameters->begins[last] == 0 &&
         parameters->extents[last] == input_extents[last]) {
    step *= input_extents[last--];
  }
  uint32_t extents[TW_AXES] = {1, 1, 1, 1, 1, 1};
  uint32_t steps = 1;
  for (uint32_t axis = 0; axis <= last; ++axis) {
    extents[axis + TW_AXES - 1 - last] = parameters->extents[axis];
    steps *= parameters->extents[axis];
  }
  const tw_range share = tw_share(steps, core, cores);
  tw_walk walk = tw_walk_at(extents, share.begin);
  int8_t *to = (int8_t *)output + share.begin * step;
  for (uint32_t i = share.begin; i < share.end;) {
    const uint32_t *index = walk.index + TW_AXES - 1 - last;
    uint32_t row = 0; /* of the input */
    uint32_t inside = 1;
    for (uint32_t axis = 0; axis < last; ++axis) {
      const uint32_t at = index[axis] - (uint32_t)parameters->begins[axis];
      inside &= at < input_extents[axis];
      row = row * input_extents[axis] + at;
    }
    uint32_t run = tw_walk_run(&walk, share.end - i);
    const int32_t column = (int32_t)index[last] - parameters->begins[last];
    if (!inside || column >= (int32_t)input_extents[last]) {
      fill_elements(parameters, to, run * step);
    } else if (column < 0) {
      run = (uint32_t)-column < run ? (uint32_t)-column : run;
      fill_elements(parameters, to, run * step);
    } else {
      const uint32_t left = input_extents[last] - (uint32_t)column;
      run = left < run ? left : run;
      const uint32_t source = row * input_extents[last] + (uint32_t)column;
      tw_copy_rows(to, (const int8_t *)input + source * step, run * step, 1, 0);
    }
    tw_walk_advance(&walk, run);
    to += run * step;
    i += run;
  }
}
