#include "tilewright/inner_product.h"
#include "tilewright/integer_sums.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

/* What is missing in the sum of a vector's products if the other side's zero point is. */
static int32_t correction(const int8_t *values, uint32_t inner, int32_t other_zero_point) {
  if (other_zero_point == 0) {
    return 0;
  }
  int32_t sum = 0;
  for (uint32_t i = 0; i < inner; ++i) {
    sum += values[i];
  }
  return -other_zero_point * sum;
}

/* One column of a matrix: its products with all rows. */
static void multiply_column(const tw_batched_matmul_sums_s8_parameters *parameters,
                            const int8_t *left, const int8_t *column, int32_t *output) {
  const uint32_t inner = parameters->inner;
  const tw_runs runs = {1, inner, 0, 0};
  const int32_t constant =
      (int32_t)inner * parameters->left_zero_point * parameters->right_zero_point +
      correction(column, inner, parameters->left_zero_point);
  uint32_t block;
  for (uint32_t r = 0; r < parameters->rows; r += block) {
    const int8_t *row = left + r * inner;
    int32_t sums[TW_BLOCK_OUTPUTS];
    block = parameters->rows - r >= TW_BLOCK_OUTPUTS ? TW_BLOCK_OUTPUTS : 1;
    for (uint32_t k = 0; k < block; ++k) {
      sums[k] = constant + correction(row + k * inner, inner, parameters->right_zero_point);
    }
    if (block == 1) {
      tw_inner_product(&runs, column, row, sums);
    } else {
      tw_inner_products(&runs, column, row, inner, sums);
    }
    for (uint32_t k = 0; k < block; ++k) {
      output[(r + k) * parameters->columns] = sums[k];
    }
  }
}

void tw_batched_matmul_sums_s8(const tw_batched_matmul_sums_s8_parameters *parameters,
                               const int8_t *left, const int8_t *right, int32_t *output,
                               uint32_t core, uint32_t cores) {
  const uint32_t columns = parameters->columns;
  /* Cores share the columns of all matrices: there may be one matrix, and it may have one row. */
  const tw_range share = tw_share(parameters->matrices * columns, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const uint32_t matrix = i / columns;
    const uint32_t column = i % columns;
    const tw_walk walk = tw_walk_at(parameters->batch, matrix);
    multiply_column(
        parameters, left + tw_walk_offset(&walk, parameters->left_strides),
        right + tw_walk_offset(&walk, parameters->right_strides) + column * parameters->inner,
        output + matrix * parameters->rows * columns + column);
  }
}
