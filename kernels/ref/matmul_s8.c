#include "tilewright/matmul.h"

#include "tilewright/arithmetic.h"
#include "tilewright/inner_product.h"
#include "tilewright/parallel.h"

void tw_matmul_s8(const tw_matmul_s8_parameters *parameters, const int8_t *input,
                  const int8_t *weights, const uint32_t *scale, const int32_t *bias, int8_t *output,
                  uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  /* Cores share the columns: a matrix-vector product has only one row. */
  const tw_range share = tw_share(columns, core, cores);
  uint32_t block_columns;
  for (uint32_t c = share.begin; c < share.end; c += block_columns) {
    const int8_t *weight = weights + c * inner;
    block_columns = share.end - c >= TW_BLOCK_OUTPUTS ? TW_BLOCK_OUTPUTS : 1;
    uint32_t block_rows;
    for (uint32_t r = 0; r < parameters->rows; r += block_rows) {
      const int8_t *row = input + r * inner;
      int32_t sums[2][TW_BLOCK_OUTPUTS] = {{0}};
      block_rows = 1;
      if (block_columns == 1) {
        sums[0][0] = tw_inner_product(row, weight, inner);
      } else if (parameters->rows - r == 1) {
        tw_inner_products(row, weight, inner, inner, sums[0]);
      } else {
        block_rows = 2;
        tw_inner_products_of_pair(row, inner, weight, inner, inner, sums);
      }
      for (uint32_t i = 0; i < block_rows; ++i) {
        for (uint32_t j = c; j < c + block_columns; ++j) {
          output[(r + i) * columns + j] = tw_requantise_either(
              sums[i][j - c], scale[j], bias[j], parameters->shift, parameters->wide,
              parameters->output_zero_point, parameters->low, parameters->high);
        }
      }
    }
  }
}
