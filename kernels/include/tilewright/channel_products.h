/* Sums of products within channels of [pixel][channel], several channels at a time: a depthwise
 * convolution without its edges. No kernels themselves but what they share. */
#ifndef TILEWRIGHT_CHANNEL_PRODUCTS_H_
#define TILEWRIGHT_CHANNEL_PRODUCTS_H_

#include <stdint.h>

/* Most channels of one call. */
#define TW_STRIP_CHANNELS 16u

/* The taps of a window: distances between its rows and columns in the input, and between its rows
 * in the weights, where columns are neighbours. */
typedef struct {
  uint32_t rows;
  uint32_t columns;
  uint32_t input_row;
  uint32_t input_column;
  uint32_t weight_row;
} tw_channel_taps;

/* sums[c] += sum over all taps of input * weight for `channels` channels, neighbours in the input;
 * their weights are `stride` apart. */
void tw_channel_products(const tw_channel_taps *taps, const int8_t *input, const int8_t *weights,
                         uint32_t stride, uint32_t channels, int32_t *sums);

/* The same for two windows, `next` apart in the input: sums[r][c] += ... */
void tw_channel_products_of_pair(const tw_channel_taps *taps, const int8_t *input, uint32_t next,
                                 const int8_t *weights, uint32_t stride, uint32_t channels,
                                 int32_t sums[2][TW_STRIP_CHANNELS]);

#endif /* TILEWRIGHT_CHANNEL_PRODUCTS_H_ */
