#include "tilewright/matmul.h"

#include "tilewright/inner_product.h"
#include "tilewright/parallel.h"
#include "tilewright/requantise_sums.h"

void tw_matmul_s8(const tw_matmul_s8_parameters *parameters, const int8_t *input,
                  const int8_t *weights, const uint32_t *scale, const int32_t *bias, int8_t *output,
                  uint32_t core, uint32_t cores) {
  const uint32_t rows = parameters->rows;
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  const tw_runs runs = {1, inner, 0, 0};
  const tw_requantisation requantisation = TW_REQUANTISATION(parameters);
  /* Cores share the columns: a matrix-vector product has only one row. */
  const tw_range share = tw_share(columns, core, cores);
  uint32_t block_columns;
  for (uint32_t c = share.begin; c < share.end; c += block_columns) {
    const int8_t *weight = weights + c * inner;
    block_columns = share.end - c >= TW_BLOCK_OUTPUTS ? TW_BLOCK_OUTPUTS : 1;
    uint32_t block_rows;
    for (uint32_t r = 0; r < rows; r += block_rows) {
      const int8_t *row = input + r * inner;
      int32_t sums[2][TW_BLOCK_OUTPUTS] = {{0}};
      block_rows = 1;
      if (block_columns == 1) {
        tw_inner_product(&runs, row, weight, sums[0]);
      } else if (rows - r == 1) {
        tw_inner_products(&runs, row, weight, inner, sums[0]);
      } else {
        block_rows = 2;
        tw_inner_products_of_pair(&runs, row, inner, weight, inner, sums);
      }
      for (uint32_t i = 0; i < block_rows; ++i) {
        tw_requantise_sums(&requantisation, sums[i], scale + c, bias + c, block_columns,
                           output + (r + i) * columns + c);
      }
    }
  }
}
