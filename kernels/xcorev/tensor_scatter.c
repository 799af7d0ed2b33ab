/* Rows of a cache that follow each other are copied at once. */
#include "tilewright/tensor_scatter.h"

#include "tilewright/bytes.h"
#include "tilewright/parallel.h"

/* Copies `count` rows to rows of a block's cache from `row` on, which wrap around its end if
 * `circular`; rows outside of it are not written. */
static void write_rows(int8_t *cache, const int8_t *update, int64_t row, uint32_t count,
                       uint32_t capacity, uint32_t bytes, uint32_t circular) {
  if (!circular && row < 0) {
    const uint32_t outside = -row < (int64_t)count ? (uint32_t)-row : count;
    update += outside * bytes;
    count -= outside;
    row = 0;
  }
  while (count != 0 && row < (int64_t)capacity) {
    const uint32_t first = (uint32_t)row;
    const uint32_t left = capacity - first;
    const uint32_t run = count < left ? count : left;
    tw_copy_rows(cache + first * bytes, update, run * bytes, 1, 0);
    update += run * bytes;
    count -= run;
    row = circular ? 0 : (int64_t)capacity;
  }
}

void tw_tensor_scatter(const tw_tensor_scatter_parameters *parameters, const void *past_cache,
                       const void *update, const int32_t *write_indices, void *cache, uint32_t core,
                       uint32_t cores) {
  (void)past_cache;
  const uint32_t rows = parameters->rows;
  const uint32_t bytes = parameters->row_bytes;
  const uint32_t capacity = parameters->capacity;
  const tw_range share = tw_share(parameters->batch * parameters->outer * rows, core, cores);
  uint32_t block = share.begin / rows;
  uint32_t row = share.begin % rows;
  for (uint32_t item = share.begin; item < share.end;) {
    const uint32_t left = share.end - item;
    const uint32_t run = rows - row < left ? rows - row : left;
    const int32_t index = write_indices ? write_indices[block / parameters->outer] : 0;
    int64_t first = (int64_t)index + row;
    if (parameters->circular) {
      const int32_t remainder = index % (int32_t)capacity;
      const int32_t start = remainder < 0 ? remainder + (int32_t)capacity : remainder;
      first = ((uint32_t)start + row) % capacity;
    }
    write_rows((int8_t *)cache + block * capacity * bytes, (const int8_t *)update + item * bytes,
               first, run, capacity, bytes, parameters->circular);
    item += run;
    row = 0;
    ++block;
  }
}
