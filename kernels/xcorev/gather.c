/* Slices are copied word by word. */
#include "tilewright/gather.h"

#include "tilewright/bytes.h"
#include "tilewright/parallel.h"

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
  const tw_range share = tw_share(parameters->outer * count, core, cores);
  const int8_t *source = (const int8_t *)data + share.begin / count * extent * bytes;
  int8_t *target = (int8_t *)output + share.begin * bytes;
  uint32_t i = share.begin % count;
  for (uint32_t item = share.begin; item < share.end; ++item) {
    tw_copy_rows(target, source + slice_of(indices[i], extent) * bytes, bytes, 1, 0);
    target += bytes;
    if (++i == count) {
      i = 0;
      source += extent * bytes;
    }
  }
}
