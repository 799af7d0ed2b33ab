#include "tilewright/inner_product.h"
#include "tilewright/integer_sums.h"
#include "tilewright/parallel.h"

void tw_matmul_sums_s8(const tw_matmul_sums_s8_parameters *parameters, const int8_t *input,
                       const int8_t *weights, const int32_t *bias, int32_t *output, uint32_t core,
                       uint32_t cores) {
  const uint32_t rows = parameters->rows;
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  const tw_runs runs = {1, inner, 0, 0};
  /* Cores share the columns: a matrix-vector product has only one row. */
  const tw_range share = tw_share(columns, core, cores);
  uint32_t block;
  for (uint32_t c = share.begin; c < share.end; c += block) {
    const int8_t *weight = weights + c * inner;
    block = share.end - c >= TW_BLOCK_OUTPUTS ? TW_BLOCK_OUTPUTS : 1;
    for (uint32_t r = 0; r < rows; ++r) {
      const int8_t *row = input + r * inner;
      int32_t sums[TW_BLOCK_OUTPUTS];
      for (uint32_t k = 0; k < block; ++k) {
        sums[k] = bias[c + k];
      }
      if (block == 1) {
        tw_inner_product(&runs, row, weight, sums);
      } else {
        tw_inner_products(&runs, row, weight, inner, sums);
      }
      for (uint32_t k = 0; k < block; ++k) {
        output[r * columns + c + k] = sums[k];
      }
    }
  }
}
