/* Padding on CORE-V cores: runs along the innermost axis are filled or copied word by word. */
#include "tilewright/bytes.h"
#include "tilewright/movement.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

#define INNERMOST (TW_AXES - 1)

/* Flat index of the input's row at the walk's position; -1 if it lies outside of the input. */
static int32_t source_row(const tw_pad_parameters *parameters, const tw_walk *walk) {
  uint32_t flat = 0;
  for (uint32_t axis = 0; axis < INNERMOST; ++axis) {
    const int32_t index = (int32_t)walk->index[axis] - parameters->begins[axis];
    if (index < 0 || (uint32_t)index >= parameters->input_extents[axis]) {
      return -1;
    }
    flat = flat * parameters->input_extents[axis] + (uint32_t)index;
  }
  return (int32_t)flat;
}

static void fill(const tw_pad_parameters *parameters, uint32_t count, int8_t *to) {
  if (parameters->element_bytes == 1) {
    tw_fill_bytes(to, (int8_t)parameters->fill, count);
  } else if (parameters->element_bytes == 2) {
    uint16_t *halves = (uint16_t *)(void *)to;
    for (uint32_t i = 0; i < count; ++i) {
      halves[i] = (uint16_t)parameters->fill;
    }
  } else {
    uint32_t *words = (uint32_t *)(void *)to;
    for (uint32_t i = 0; i < count; ++i) {
      words[i] = parameters->fill;
    }
  }
}

static int32_t limit(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : (x > high ? high : x);
}

void tw_pad(const tw_pad_parameters *parameters, const void *input, void *output, uint32_t core,
            uint32_t cores) {
  const uint32_t bytes = parameters->element_bytes;
  const uint32_t row_elements = parameters->input_extents[INNERMOST];
  const int32_t first = parameters->begins[INNERMOST];
  const tw_range share = tw_share(parameters->elements, core, cores);
  tw_walk walk = tw_walk_at(parameters->extents, share.begin);
  for (uint32_t i = share.begin; i < share.end;) {
    const uint32_t run = tw_walk_run(&walk, share.end - i);
    const int32_t row = source_row(parameters, &walk);
    const int32_t begin = (int32_t)walk.index[INNERMOST];
    const int32_t end = begin + (int32_t)run;
    /* What the input has of [begin, end). */
    const int32_t inside = row < 0 ? end : limit(first, begin, end);
    const int32_t outside = row < 0 ? end : limit(first + (int32_t)row_elements, inside, end);
    int8_t *to = (int8_t *)output + i * bytes;
    fill(parameters, (uint32_t)(inside - begin), to);
    to += (uint32_t)(inside - begin) * bytes;
    if (outside > inside) {
      const int32_t source = row * (int32_t)row_elements + inside - first;
      tw_copy_rows(to, (const int8_t *)input + source * (int32_t)bytes,
                   (uint32_t)(outside - inside) * bytes, 1, 0);
      to += (uint32_t)(outside - inside) * bytes;
    }
    fill(parameters, (uint32_t)(end - outside), to);
    tw_walk_advance(&walk, run);
    i += run;
  }
}
