#include "tilewright/gather.h"

#include "tilewright/parallel.h"

static uint32_t slice_of(int32_t index, uint32_t extent) {
  const int64_t positive = index < 0 ? (int64_t)index + extent : index;
  if (positive < 0) {
    return 0;
  }
  return positive < (int64_t)extent ? (uint32_t)positive : extent - 1;
}

void tw_gather(const tw_gather_parameters *parameters, const void *data, const int32_t *indices,
               void *output, uint32_t core, uint32_t cores) {
  const uint32_t bytes = parameters->slice_bytes;
  const uint32_t extent = parameters->extent;
  const uint8_t *source = data;
  uint8_t *target = output;
  const tw_range share = tw_share(parameters->outer * parameters->indices, core, cores);
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t block = item / parameters->indices;
    const uint32_t slice = slice_of(indices[item % parameters->indices], extent);
    for (uint32_t i = 0; i < bytes; ++i) {
      target[item * bytes + i] = source[(block * extent + slice) * bytes + i];
    }
  }
}
