/* The windows of a convolution, one after the other: what makes it a matrix product. */
#ifndef TILEWRIGHT_WINDOWS_H_
#define TILEWRIGHT_WINDOWS_H_

#include <stdint.h>

typedef struct {
  uint32_t batches;
  uint32_t input_height;
  uint32_t input_width;
  uint32_t input_channels;
  uint32_t output_height;
  uint32_t output_width;
  uint32_t kernel_height;
  uint32_t kernel_width;
  uint32_t stride_height;
  uint32_t stride_width;
  uint32_t dilation_height;
  uint32_t dilation_width;
  int32_t pad_top;
  int32_t pad_left;
  uint32_t fill; /* what taps outside of the input read, in the lowest byte */
} tw_windows_parameters;

/* output[batch][row][column][kernel row][kernel column][channel] of input[batch][row][column]
 * [channel], bytes of either sign. Cores share pixels of the output. */
void tw_windows(const tw_windows_parameters *parameters, const int8_t *input, int8_t *output,
                uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_WINDOWS_H_ */
