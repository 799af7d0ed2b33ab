/* Rows of a cache that follow each other are copied at once. */
#include "tilewright/tensor_scatter.h"

#include "tilewright/bytes.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"

/* Copies `count` rows to rows of a block's cache from `next` on, which wrap around its end if
 * `circular`; rows outside of it are not written. */
static void write_rows(int8_t *cache, const int8_t *update, int64_t next, uint32_t count,
                       uint32_t capacity, uint32_t bytes, uint32_t circular) {
  if (!circular && next < 0) {
    const uint32_t outside = -next < (int64_t)count ? (uint32_t)-next : count;
    update += outside * bytes;
    count -= outside;
    next = 0;
  }
  while (count != 0 && next < (int64_t)capacity) {
    const uint32_t first = (uint32_t)next;
    const uint32_t left = capacity - first;
    const uint32_t run = count < left ? count : left;
    tw_copy_rows(cache + first * bytes, update, run * bytes, 1, 0);
    update += run * bytes;
    count -= run;
    next = circular ? 0 : (int64_t)capacity;
  }
}

/* A core's share of any rows. */
__attribute__((noinline)) static void write_share(const tw_tensor_scatter_parameters *parameters,
                                                  const int8_t *update,
                                                  const int32_t *write_indices, int8_t *cache,
                                                  uint32_t core, uint32_t cores) {
  const uint32_t rows = parameters->rows;
  const tw_range share = tw_share(parameters->batch * parameters->outer * rows, core, cores);
  const uint32_t bytes = parameters->row_bytes;
  const uint32_t capacity = parameters->capacity;
  uint32_t block = share.begin / rows;
  uint32_t row = share.begin % rows;
  for (uint32_t item = share.begin; item < share.end; ++block) {
    const uint32_t left = share.end - item;
    const uint32_t run = rows - row < left ? rows - row : left;
    const int32_t index = write_indices ? write_indices[block / parameters->outer] : 0;
    int64_t next = (int64_t)index + row;
    if (parameters->circular) {
      const int32_t remainder = index % (int32_t)capacity;
      const int32_t start = remainder < 0 ? remainder + (int32_t)capacity : remainder;
      next = ((uint32_t)start + row) % capacity;
    }
    write_rows(cache + block * capacity * bytes, update + item * bytes, next, run, capacity, bytes,
               parameters->circular);
    item += run;
    row = 0;
  }
}

/* Copies `count` rows of `words` words, which are packed, to rows that are `stride` apart. */
static inline void spread_rows(int8_t *to, const int8_t *from, uint32_t words, uint32_t count,
                               uint32_t stride) {
  uint32_t word;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(1, "%[count]", "2f")
                   TW_LOOP_SETUP(0, "%[words]", "1f")
                   "  cv.lw %[word], (%[from]), 4\n"
                   "  nop\n"
                   "  cv.sw %[word], (%[to]), 4\n"
                   "1:\n"
                   "  add %[to], %[to], %[gap]\n"
                   "  nop\n"
                   "2:\n" TW_LOOP_END
                   : [word] "=&r"(word), [from] "+r"(from), [to] "+r"(to)
                   : [count] "r"(count), [words] "r"(words), [gap] "r"(stride - 4 * words)
                   : "memory");
}

/* One new row for each block, of whole words, is what a step of a language model writes. */
TW_CALLED_OFTEN void tw_tensor_scatter(const tw_tensor_scatter_parameters *parameters,
                                       const void *past_cache, const void *update,
                                       const int32_t *write_indices, void *cache, uint32_t core,
                                       uint32_t cores) {
  (void)past_cache;
  const uint32_t bytes = parameters->row_bytes;
  const uint32_t capacity = parameters->capacity;
  const uint32_t index = write_indices ? (uint32_t)write_indices[0] : 0;
  if (parameters->batch != 1 || parameters->rows != 1 || index >= capacity || bytes % 4 != 0) {
    write_share(parameters, update, write_indices, cache, core, cores);
    return;
  }
  const tw_range blocks = tw_share(parameters->outer, core, cores);
  if (blocks.begin != blocks.end) {
    spread_rows((int8_t *)cache + (blocks.begin * capacity + index) * bytes,
                (const int8_t *)update + blocks.begin * bytes, bytes / 4, blocks.end - blocks.begin,
                capacity * bytes);
  }
}
