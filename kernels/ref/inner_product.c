#include "tilewright/inner_product.h"

#include "tilewright/forget_origin.h"

/* How many steps a loop takes without a branch: as many as leave all sums, pointers and values at
 * hand in the registers of RV32. The compiler unrolls the loops over them. Functions of their own,
 * because in a kernel's loops the kernel's variables would want registers too. */
#define STEPS 8u
#define PAIR_STEPS 4u

/* Adds `steps` products to one sum; returns the next row of weights. */
static inline const int8_t *add(const int8_t *input, const int8_t *row, uint32_t stride,
                                uint32_t steps, int32_t *sum) {
  for (uint32_t k = 0; k < steps; ++k) {
    *sum += input[k] * row[k];
  }
  row += stride;
  TW_FORGET_ORIGIN(row);
  return row;
}

/* The same for two inputs. */
static inline const int8_t *add_pair(const int8_t *input, const int8_t *second, const int8_t *row,
                                     uint32_t stride, uint32_t steps, int32_t *sum,
                                     int32_t *second_sum) {
  for (uint32_t k = 0; k < steps; ++k) {
    *sum += input[k] * row[k];
    *second_sum += second[k] * row[k];
  }
  row += stride;
  TW_FORGET_ORIGIN(row);
  return row;
}

void tw_inner_product(const tw_runs *runs, const int8_t *input, const int8_t *weights,
                      int32_t *sum) {
  int32_t total = *sum;
  for (uint32_t run = 0; run < runs->count; ++run) {
    const int8_t *in = input + run * runs->input_step;
    const int8_t *row = weights + run * runs->weight_step;
    const int8_t *end = in + runs->length / STEPS * STEPS;
    for (; in != end; in += STEPS, row += STEPS) {
      add(in, row, 0, STEPS, &total);
    }
    end += runs->length % STEPS;
    for (; in != end; ++in, ++row) {
      add(in, row, 0, 1, &total);
    }
  }
  *sum = total;
}

void tw_inner_products(const tw_runs *runs, const int8_t *input, const int8_t *weights,
                       uint32_t weight_stride, int32_t sums[TW_BLOCK_OUTPUTS]) {
  int32_t sum_0 = sums[0];
  int32_t sum_1 = sums[1];
  int32_t sum_2 = sums[2];
  int32_t sum_3 = sums[3];
  for (uint32_t run = 0; run < runs->count; ++run) {
    const int8_t *in = input + run * runs->input_step;
    const int8_t *first_row = weights + run * runs->weight_step;
    const int8_t *end = in + runs->length / STEPS * STEPS;
    for (; in != end; in += STEPS, first_row += STEPS) {
      const int8_t *row = first_row;
      row = add(in, row, weight_stride, STEPS, &sum_0);
      row = add(in, row, weight_stride, STEPS, &sum_1);
      row = add(in, row, weight_stride, STEPS, &sum_2);
      add(in, row, 0, STEPS, &sum_3);
    }
    end += runs->length % STEPS;
    for (; in != end; ++in, ++first_row) {
      const int8_t *row = first_row;
      row = add(in, row, weight_stride, 1, &sum_0);
      row = add(in, row, weight_stride, 1, &sum_1);
      row = add(in, row, weight_stride, 1, &sum_2);
      add(in, row, 0, 1, &sum_3);
    }
  }
  sums[0] = sum_0;
  sums[1] = sum_1;
  sums[2] = sum_2;
  sums[3] = sum_3;
}

void tw_inner_products_of_pair(const tw_runs *runs, const int8_t *input, uint32_t input_stride,
                               const int8_t *weights, uint32_t weight_stride,
                               int32_t sums[2][TW_BLOCK_OUTPUTS]) {
  int32_t sum_00 = sums[0][0];
  int32_t sum_01 = sums[0][1];
  int32_t sum_02 = sums[0][2];
  int32_t sum_03 = sums[0][3];
  int32_t sum_10 = sums[1][0];
  int32_t sum_11 = sums[1][1];
  int32_t sum_12 = sums[1][2];
  int32_t sum_13 = sums[1][3];
  for (uint32_t run = 0; run < runs->count; ++run) {
    const int8_t *in = input + run * runs->input_step;
    const int8_t *second = in + input_stride;
    const int8_t *first_row = weights + run * runs->weight_step;
    const int8_t *end = in + runs->length / PAIR_STEPS * PAIR_STEPS;
    for (; in != end; in += PAIR_STEPS, second += PAIR_STEPS, first_row += PAIR_STEPS) {
      const int8_t *row = first_row;
      row = add_pair(in, second, row, weight_stride, PAIR_STEPS, &sum_00, &sum_10);
      row = add_pair(in, second, row, weight_stride, PAIR_STEPS, &sum_01, &sum_11);
      row = add_pair(in, second, row, weight_stride, PAIR_STEPS, &sum_02, &sum_12);
      add_pair(in, second, row, 0, PAIR_STEPS, &sum_03, &sum_13);
    }
    end += runs->length % PAIR_STEPS;
    for (; in != end; ++in, ++second, ++first_row) {
      const int8_t *row = first_row;
      row = add_pair(in, second, row, weight_stride, 1, &sum_00, &sum_10);
      row = add_pair(in, second, row, weight_stride, 1, &sum_01, &sum_11);
      row = add_pair(in, second, row, weight_stride, 1, &sum_02, &sum_12);
      add_pair(in, second, row, 0, 1, &sum_03, &sum_13);
    }
  }
  sums[0][0] = sum_00;
  sums[0][1] = sum_01;
  sums[0][2] = sum_02;
  sums[0][3] = sum_03;
  sums[1][0] = sum_10;
  sums[1][1] = sum_11;
  sums[1][2] = sum_12;
  sums[1][3] = sum_13;
}
