/* Inner products of int8 vectors, several at a time: a value that was loaded once serves a block of
 * sums, which stay in registers. No kernels themselves but what int8 kernels share. */
#ifndef TILEWRIGHT_INNER_PRODUCT_H_
#define TILEWRIGHT_INNER_PRODUCT_H_

#include <stdint.h>

/* Rows of weights that meet one input row. */
#define TW_BLOCK_OUTPUTS 4u

/* sums[o] += sum over k of input[k] * weights[o * weight_stride + k], for TW_BLOCK_OUTPUTS rows of
 * weights. input, weights: `inner` values each. */
void tw_inner_products(const int8_t *input, const int8_t *weights, uint32_t weight_stride,
                       uint32_t inner, int32_t sums[TW_BLOCK_OUTPUTS]);

/* The same for two input rows, `input_stride` apart: sums[r][o] += ... */
void tw_inner_products_of_pair(const int8_t *input, uint32_t input_stride, const int8_t *weights,
                               uint32_t weight_stride, uint32_t inner,
                               int32_t sums[2][TW_BLOCK_OUTPUTS]);

/* Sum over k of input[k] * weights[k]: what is left over of a block. */
static inline int32_t tw_inner_product(const int8_t *input, const int8_t *weights, uint32_t inner) {
  int32_t sum = 0;
  for (uint32_t k = 0; k < inner; ++k) {
    sum += input[k] * weights[k];
  }
  return sum;
}

#endif /* TILEWRIGHT_INNER_PRODUCT_H_ */
