#include "tilewright/inner_product.h"

/* How many steps a loop takes without a branch: as many as leave all sums, pointers and values at
 * hand in the registers of RV32. The compiler unrolls the loops over them. Functions of their own,
 * because in a kernel's loops the kernel's variables would want registers too. */
#define STEPS 4u
#define PAIR_STEPS 2u

void tw_inner_products(const int8_t *input, const int8_t *weights, uint32_t weight_stride,
                       uint32_t inner, int32_t sums[TW_BLOCK_OUTPUTS]) {
  const int8_t *weights_1 = weights + weight_stride;
  const int8_t *weights_2 = weights_1 + weight_stride;
  const int8_t *weights_3 = weights_2 + weight_stride;
  int32_t sum_0 = sums[0];
  int32_t sum_1 = sums[1];
  int32_t sum_2 = sums[2];
  int32_t sum_3 = sums[3];
  const int8_t *end = input + inner / STEPS * STEPS;
  while (input != end) {
    for (uint32_t k = 0; k < STEPS; ++k) {
      const int32_t value = input[k];
      sum_0 += value * weights[k];
      sum_1 += value * weights_1[k];
      sum_2 += value * weights_2[k];
      sum_3 += value * weights_3[k];
    }
    input += STEPS;
    weights += STEPS;
    weights_1 += STEPS;
    weights_2 += STEPS;
    weights_3 += STEPS;
  }
  for (uint32_t k = 0; k < inner % STEPS; ++k) {
    const int32_t value = input[k];
    sum_0 += value * weights[k];
    sum_1 += value * weights_1[k];
    sum_2 += value * weights_2[k];
    sum_3 += value * weights_3[k];
  }
  sums[0] = sum_0;
  sums[1] = sum_1;
  sums[2] = sum_2;
  sums[3] = sum_3;
}

void tw_inner_products_of_pair(const int8_t *input, uint32_t input_stride, const int8_t *weights,
                               uint32_t weight_stride, uint32_t inner,
                               int32_t sums[2][TW_BLOCK_OUTPUTS]) {
  const int8_t *second = input + input_stride;
  const int8_t *weights_1 = weights + weight_stride;
  const int8_t *weights_2 = weights_1 + weight_stride;
  const int8_t *weights_3 = weights_2 + weight_stride;
  int32_t sum_00 = sums[0][0];
  int32_t sum_01 = sums[0][1];
  int32_t sum_02 = sums[0][2];
  int32_t sum_03 = sums[0][3];
  int32_t sum_10 = sums[1][0];
  int32_t sum_11 = sums[1][1];
  int32_t sum_12 = sums[1][2];
  int32_t sum_13 = sums[1][3];
  const int8_t *end = input + inner / PAIR_STEPS * PAIR_STEPS;
  while (input != end) {
    for (uint32_t k = 0; k < PAIR_STEPS; ++k) {
      const int32_t value_0 = input[k];
      const int32_t value_1 = second[k];
      sum_00 += value_0 * weights[k];
      sum_10 += value_1 * weights[k];
      sum_01 += value_0 * weights_1[k];
      sum_11 += value_1 * weights_1[k];
      sum_02 += value_0 * weights_2[k];
      sum_12 += value_1 * weights_2[k];
      sum_03 += value_0 * weights_3[k];
      sum_13 += value_1 * weights_3[k];
    }
    input += PAIR_STEPS;
    second += PAIR_STEPS;
    weights += PAIR_STEPS;
    weights_1 += PAIR_STEPS;
    weights_2 += PAIR_STEPS;
    weights_3 += PAIR_STEPS;
  }
  sums[0][0] = sum_00;
  sums[0][1] = sum_01;
  sums[0][2] = sum_02;
  sums[0][3] = sum_03;
  sums[1][0] = sum_10;
  sums[1][1] = sum_11;
  sums[1][2] = sum_12;
  sums[1][3] = sum_13;
  const uint32_t rest = inner % PAIR_STEPS;
  if (rest != 0) {
    for (uint32_t o = 0; o < TW_BLOCK_OUTPUTS; ++o) {
      const int8_t *row = weights + o * weight_stride;
      sums[0][o] += tw_inner_product(input, row, rest);
      sums[1][o] += tw_inner_product(second, row, rest);
    }
  }
}
