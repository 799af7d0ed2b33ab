/* Writing rows into a persistent cache. */
#ifndef TILEWRIGHT_TENSOR_SCATTER_H_
#define TILEWRIGHT_TENSOR_SCATTER_H_

#include <stdint.h>

typedef struct {
  uint32_t batch;
  uint32_t outer;    /* product of the extents between the batch and the row axis */
  uint32_t capacity; /* rows of the cache */
  uint32_t rows;     /* rows of the update */
  uint32_t row_bytes;
  uint32_t circular; /* 1: row indices are taken modulo the capacity */
} tw_tensor_scatter_parameters;

/* cache[b][o][write_indices[b] + r] = update[b][o][r]; all other rows stay as they are. Rows
 * outside of the cache are not written.
 *
 * cache (the output): [batch][outer][capacity][row_bytes], the same memory as past_cache, which is
 * not read; update: [batch][outer][rows][row_bytes]; write_indices: [batch], NULL: all 0.
 */
void tw_tensor_scatter(const tw_tensor_scatter_parameters *parameters, const void *past_cache,
                       const void *update, const int32_t *write_indices, void *cache, uint32_t core,
                       uint32_t cores);

#endif /* TILEWRIGHT_TENSOR_SCATTER_H_ */
