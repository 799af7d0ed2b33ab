#include "tilewright/channel_products.h"

#include "tilewright/forget_origin.h"

/* Channels whose sums are in registers at the same time. */
#define BLOCK 4u

static void add_channel(const tw_channel_taps *taps, const int8_t *input, const int8_t *weights,
                        int32_t *sum) {
  int32_t total = *sum;
  for (uint32_t row = 0; row < taps->rows; ++row) {
    const int8_t *in = input + row * taps->input_row;
    const int8_t *weight = weights + row * taps->weight_row;
    for (uint32_t column = 0; column < taps->columns; ++column) {
      total += in[column * taps->input_column] * weight[column];
    }
  }
  *sum = total;
}

void tw_channel_products(const tw_channel_taps *taps, const int8_t *input, const int8_t *weights,
                         uint32_t stride, uint32_t channels, int32_t *sums) {
  const int8_t *end = input + channels;
  for (; end - input >= (int32_t)BLOCK; input += BLOCK, weights += BLOCK * stride, sums += BLOCK) {
    int32_t sum_0 = sums[0];
    int32_t sum_1 = sums[1];
    int32_t sum_2 = sums[2];
    int32_t sum_3 = sums[3];
    for (uint32_t row = 0; row < taps->rows; ++row) {
      const int8_t *in = input + row * taps->input_row;
      const int8_t *first = weights + row * taps->weight_row;
      for (const int8_t *last = first + taps->columns; first != last; ++first) {
        const int8_t *weight = first;
        sum_0 += in[0] * *weight;
        weight += stride;
        TW_FORGET_ORIGIN(weight);
        sum_1 += in[1] * *weight;
        weight += stride;
        TW_FORGET_ORIGIN(weight);
        sum_2 += in[2] * *weight;
        weight += stride;
        sum_3 += in[3] * *weight;
        in += taps->input_column;
      }
    }
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
  }
  for (; input != end; ++input, weights += stride, ++sums) {
    add_channel(taps, input, weights, sums);
  }
}

void tw_channel_products_of_pair(const tw_channel_taps *taps, const int8_t *input, uint32_t next,
                                 const int8_t *weights, uint32_t stride, uint32_t channels,
                                 int32_t sums[2][TW_STRIP_CHANNELS]) {
  uint32_t c = 0;
  for (; channels - c >= BLOCK; c += BLOCK, input += BLOCK, weights += BLOCK * stride) {
    int32_t sum_00 = sums[0][c];
    int32_t sum_01 = sums[0][c + 1];
    int32_t sum_02 = sums[0][c + 2];
    int32_t sum_03 = sums[0][c + 3];
    int32_t sum_10 = sums[1][c];
    int32_t sum_11 = sums[1][c + 1];
    int32_t sum_12 = sums[1][c + 2];
    int32_t sum_13 = sums[1][c + 3];
    for (uint32_t row = 0; row < taps->rows; ++row) {
      const int8_t *in = input + row * taps->input_row;
      const int8_t *second = in + next;
      const int8_t *first = weights + row * taps->weight_row;
      for (const int8_t *last = first + taps->columns; first != last; ++first) {
        const int8_t *weight = first;
        sum_00 += in[0] * *weight;
        sum_10 += second[0] * *weight;
        weight += stride;
        TW_FORGET_ORIGIN(weight);
        sum_01 += in[1] * *weight;
        sum_11 += second[1] * *weight;
        weight += stride;
        TW_FORGET_ORIGIN(weight);
        sum_02 += in[2] * *weight;
        sum_12 += second[2] * *weight;
        weight += stride;
        sum_03 += in[3] * *weight;
        sum_13 += second[3] * *weight;
        in += taps->input_column;
        second += taps->input_column;
      }
    }
    sums[0][c] = sum_00;
    sums[0][c + 1] = sum_01;
    sums[0][c + 2] = sum_02;
    sums[0][c + 3] = sum_03;
    sums[1][c] = sum_10;
    sums[1][c + 1] = sum_11;
    sums[1][c + 2] = sum_12;
    sums[1][c + 3] = sum_13;
  }
  for (; c < channels; ++c, ++input, weights += stride) {
    add_channel(taps, input, weights, &sums[0][c]);
    add_channel(taps, input + next, weights, &sums[1][c]);
  }
}
