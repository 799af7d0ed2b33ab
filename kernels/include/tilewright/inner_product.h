/* Inner products of int8 vectors, several at a time: a value that was loaded once serves a block of
 * sums, which stay in registers. No kernels themselves but what int8 kernels share. */
#ifndef TILEWRIGHT_INNER_PRODUCT_H_
#define TILEWRIGHT_INNER_PRODUCT_H_

#include <stdint.h>

/* Rows of weights that meet one input row. */
#define TW_BLOCK_OUTPUTS 4u

/* Where a vector lies: `count` runs of `length` consecutive values, with the distances from one run
 * to the next in the input and in the weights. */
typedef struct {
  uint32_t count;
  uint32_t length;
  uint32_t input_step;
  uint32_t weight_step;
} tw_runs;

/* *sum += sum over all k of input[k] * weights[k]. */
void tw_inner_product(const tw_runs *runs, const int8_t *input, const int8_t *weights,
                      int32_t *sum);

/* The same for TW_BLOCK_OUTPUTS rows of weights: sums[o] += ... weights[o * weight_stride + k]. */
void tw_inner_products(const tw_runs *runs, const int8_t *input, const int8_t *weights,
                       uint32_t weight_stride, int32_t sums[TW_BLOCK_OUTPUTS]);

/* The same for two inputs, `input_stride` apart: sums[r][o] += ... */
void tw_inner_products_of_pair(const tw_runs *runs, const int8_t *input, uint32_t input_stride,
                               const int8_t *weights, uint32_t weight_stride,
                               int32_t sums[2][TW_BLOCK_OUTPUTS]);

#endif /* TILEWRIGHT_INNER_PRODUCT_H_ */
