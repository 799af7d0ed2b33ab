/* Slices are copied word by word. Cores share slices or, if there are fewer slices than cores, the
 * words of each: what is gathered, such as a token's embedding, may be in a slow memory. */
#include "tilewright/gather.h"

#include "tilewright/bytes.h"
#include "tilewright/parallel.h"

#define WORD 4u

static uint32_t slice_of(int32_t index, uint32_t extent) {
  if (index < 0) {
    index += (int32_t)extent;
    return index < 0 ? 0 : (uint32_t)index;
  }
  return (uint32_t)index < extent ? (uint32_t)index : extent - 1;
}

void tw_gather(const tw_gather_parameters *parameters, const void *data, const int32_t *indices,
               void *output, uint32_t core, uint32_t cores) {
  const uint32_t bytes = parameters->slice_bytes;
  const uint32_t extent = parameters->extent;
  const uint32_t count = parameters->indices;
  const uint32_t slices = parameters->outer * count;
  tw_range items = {0, slices};
  uint32_t begin = 0; /* of a slice, in bytes */
  uint32_t end = bytes;
  if (slices >= cores) {
    items = tw_share(slices, core, cores);
  } else {
    const tw_range words = tw_share((bytes + WORD - 1) / WORD, core, cores);
    begin = words.begin * WORD;
    end = words.end * WORD < bytes ? words.end * WORD : bytes;
  }
  if (begin >= end) {
    return;
  }
  const int8_t *source = (const int8_t *)data + items.begin / count * extent * bytes + begin;
  int8_t *target = (int8_t *)output + items.begin * bytes + begin;
  uint32_t i = items.begin % count;
  for (uint32_t item = items.begin; item < items.end; ++item) {
    tw_copy_rows(target, source + slice_of(indices[i], extent) * bytes, end - begin, 1, 0);
    target += bytes;
    if (++i == count) {
      i = 0;
      source += extent * bytes;
    }
  }
}
