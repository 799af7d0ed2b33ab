/* Products of all rows with a few columns of weights. No kernel itself but what those for weights
 * of 8 and of fewer bits share. */
#ifndef TILEWRIGHT_MATMUL_COLUMNS_H_
#define TILEWRIGHT_MATMUL_COLUMNS_H_

#include <stdint.h>

#include "tilewright/inner_product.h"
#include "tilewright/requantise_sums.h"

/* The shape of a product; fields as in the kernels' parameters. */
typedef struct {
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
} tw_product_shape;

/* Computes `count` columns, 1 or TW_BLOCK_OUTPUTS, whose weights, scale, bias and first outputs are
 * given. */
static inline void tw_multiply_columns(const tw_product_shape *shape, const int8_t *input,
                                       const int8_t *weights, const uint32_t *scale,
                                       const int32_t *bias, uint32_t count,
                                       const tw_requantisation *requantisation, int8_t *output) {
  const uint32_t inner = shape->inner;
  const tw_runs runs = {1, inner, 0, 0};
  uint32_t rows;
  for (uint32_t r = 0; r < shape->rows; r += rows) {
    const int8_t *row = input + r * inner;
    int32_t sums[2][TW_BLOCK_OUTPUTS] = {{0}};
    rows = 1;
    if (count == 1) {
      tw_inner_product(&runs, row, weights, sums[0]);
    } else if (shape->rows - r == 1) {
      tw_inner_products(&runs, row, weights, inner, sums[0]);
    } else {
      rows = 2;
      tw_inner_products_of_pair(&runs, row, inner, weights, inner, sums);
    }
    for (uint32_t i = 0; i < rows; ++i) {
      tw_requantise_sums(requantisation, sums[i], scale, bias, count,
                         output + (r + i) * shape->columns);
    }
  }
}

#endif /* TILEWRIGHT_MATMUL_COLUMNS_H_ */
