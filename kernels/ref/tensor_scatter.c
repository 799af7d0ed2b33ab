#include "tilewright/tensor_scatter.h"

#include "tilewright/parallel.h"

/* The row of the cache that `first` + `row` means; the capacity if it is outside of the cache. */
static uint32_t cache_row(int32_t first, uint32_t row, uint32_t capacity, uint32_t circular) {
  if (circular) {
    const int32_t remainder = first % (int32_t)capacity;
    return ((uint32_t)(remainder < 0 ? remainder + (int32_t)capacity : remainder) + row) % capacity;
  }
  const int64_t index = (int64_t)first + row;
  return index < 0 || index >= (int64_t)capacity ? capacity : (uint32_t)index;
}

void tw_tensor_scatter(const tw_tensor_scatter_parameters *parameters, const void *past_cache,
                       const void *update, const int32_t *write_indices, void *cache, uint32_t core,
                       uint32_t cores) {
  (void)past_cache;
  const uint32_t rows = parameters->rows;
  const uint32_t bytes = parameters->row_bytes;
  const uint32_t capacity = parameters->capacity;
  const uint8_t *source = update;
  uint8_t *target = cache;
  const tw_range share = tw_share(parameters->batch * parameters->outer * rows, core, cores);
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t block = item / rows;
    const uint32_t batch = block / parameters->outer;
    const int32_t first = write_indices ? write_indices[batch] : 0;
    const uint32_t row = cache_row(first, item % rows, capacity, parameters->circular);
    if (row == capacity) {
      continue;
    }
    for (uint32_t i = 0; i < bytes; ++i) {
      target[(block * capacity + row) * bytes + i] = source[item * bytes + i];
    }
  }
}
