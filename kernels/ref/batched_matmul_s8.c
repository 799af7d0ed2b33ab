#include "tilewright/batched_matmul.h"
#include "tilewright/inner_product.h"
#include "tilewright/parallel.h"
#include "tilewright/requantise_sums.h"
#include "tilewright/strided.h"

/* Rows whose sums of values are computed once for all columns. */
#define STRIP_ROWS 16u

static int32_t sum_of(const int8_t *values, uint32_t count) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < count; ++i) {
    sum += values[i];
  }
  return sum;
}

/* What the zero points of both sides contribute to the sums of `count` vectors of one side, apart
 * from what they contribute to those of the other one. */
static void correct(const int8_t *values, uint32_t inner, uint32_t count, int32_t other_zero_point,
                    int32_t constant, int32_t *corrections) {
  for (uint32_t i = 0; i < count; ++i, values += inner) {
    const int32_t sum = other_zero_point == 0 ? 0 : sum_of(values, inner);
    corrections[i] = constant - other_zero_point * sum;
  }
}

/* Some rows, at most STRIP_ROWS, times all of `columns`. */
static void multiply_strip(const tw_batched_matmul_s8_parameters *parameters, const int8_t *left,
                           uint32_t rows, const int8_t *right, tw_range columns, int8_t *output) {
  const uint32_t inner = parameters->inner;
  const tw_runs runs = {1, inner, 0, 0};
  const tw_requantisation requantisation = TW_REQUANTISATION(parameters);
  uint32_t scale[TW_BLOCK_OUTPUTS];
  int32_t bias[TW_BLOCK_OUTPUTS];
  for (uint32_t i = 0; i < TW_BLOCK_OUTPUTS; ++i) {
    scale[i] = parameters->scale;
    bias[i] = parameters->bias;
  }
  int32_t row_corrections[STRIP_ROWS];
  correct(left, inner, rows, parameters->right_zero_point,
          (int32_t)inner * parameters->left_zero_point * parameters->right_zero_point,
          row_corrections);
  uint32_t block_columns;
  for (uint32_t c = columns.begin; c < columns.end; c += block_columns) {
    const int8_t *column = right + c * inner;
    block_columns = columns.end - c >= TW_BLOCK_OUTPUTS ? TW_BLOCK_OUTPUTS : 1;
    int32_t column_corrections[TW_BLOCK_OUTPUTS];
    correct(column, inner, block_columns, parameters->left_zero_point, 0, column_corrections);
    uint32_t block_rows;
    for (uint32_t r = 0; r < rows; r += block_rows) {
      const int8_t *row = left + r * inner;
      block_rows = block_columns > 1 && rows - r > 1 ? 2 : 1;
      int32_t sums[2][TW_BLOCK_OUTPUTS];
      for (uint32_t i = 0; i < block_rows; ++i) {
        for (uint32_t j = 0; j < block_columns; ++j) {
          sums[i][j] = row_corrections[r + i] + column_corrections[j];
        }
      }
      if (block_columns == 1) {
        tw_inner_product(&runs, row, column, sums[0]);
      } else if (block_rows == 1) {
        tw_inner_products(&runs, row, column, inner, sums[0]);
      } else {
        tw_inner_products_of_pair(&runs, row, inner, column, inner, sums);
      }
      for (uint32_t i = 0; i < block_rows; ++i) {
        tw_requantise_sums(&requantisation, sums[i], scale, bias, block_columns,
                           output + (r + i) * parameters->columns + c);
      }
    }
  }
}

void tw_batched_matmul_s8(const tw_batched_matmul_s8_parameters *parameters, const int8_t *left,
                          const int8_t *right, int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t rows = parameters->rows;
  const uint32_t columns = parameters->columns;
  /* Cores share the columns of all matrices: there may be one matrix, and it may have one row. */
  const tw_range share = tw_share(parameters->matrices * columns, core, cores);
  uint32_t count;
  for (uint32_t i = share.begin; i < share.end; i += count) {
    const uint32_t matrix = i / columns;
    const uint32_t first = i % columns;
    count = columns - first < share.end - i ? columns - first : share.end - i;
    const tw_range part = {first, first + count};
    const tw_walk walk = tw_walk_at(parameters->batch, matrix);
    const int8_t *left_matrix = left + tw_walk_offset(&walk, parameters->left_strides);
    const int8_t *right_matrix = right + tw_walk_offset(&walk, parameters->right_strides);
    uint32_t strip;
    for (uint32_t r = 0; r < rows; r += strip) {
      strip = rows - r < STRIP_ROWS ? rows - r : STRIP_ROWS;
      multiply_strip(parameters, left_matrix + r * parameters->inner, strip, right_matrix, part,
                     output + (matrix * rows + r) * columns);
    }
  }
}
