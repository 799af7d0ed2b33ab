/* Instructions per multiply-accumulate operation of the portable int8 kernels on usual shapes, the
 * whole kernel included: padding, requantisation, edges. */
#include <stdint.h>

#include "tilewright/console.h"
#include "tilewright/conv.h"
#include "tilewright/counter.h"
#include "tilewright/matmul.h"

#define SIDE 16u
#define CHANNELS 64u
#define PIXELS (SIDE * SIDE)

static int8_t input[PIXELS * CHANNELS];
static int8_t weights[256 * 256];
static uint32_t scale[256];
static int32_t bias[256];
static int8_t output[PIXELS * CHANNELS];

/* Prints hundredths of an instruction as a decimal fraction. */
static void report(const char *name, uint64_t instructions, uint32_t operations) {
  const uint32_t hundredths = (uint32_t)((instructions * 100 + operations / 2) / operations);
  tw_console_text(name);
  tw_console_text(": ");
  tw_console_unsigned(hundredths / 100);
  tw_console_text(hundredths % 100 < 10 ? ".0" : ".");
  tw_console_unsigned(hundredths % 100);
  tw_console_text("\n");
}

static void measure_matmul(const char *name, uint32_t rows, uint32_t inner, uint32_t columns) {
  const tw_matmul_s8_parameters parameters = {
      .rows = rows, .inner = inner, .columns = columns, .shift = 20, .low = -128, .high = 127};
  const uint64_t begin = tw_instructions();
  tw_matmul_s8(&parameters, input, weights, scale, bias, output, 0, 1);
  report(name, tw_instructions() - begin, rows * inner * columns);
}

static void measure_conv(const char *name, uint32_t channels, uint32_t size) {
  const tw_conv_s8_parameters parameters = {.batches = 1,
                                            .input_height = SIDE,
                                            .input_width = SIDE,
                                            .input_channels = channels,
                                            .output_height = SIDE,
                                            .output_width = SIDE,
                                            .output_channels = CHANNELS,
                                            .kernel_height = size,
                                            .kernel_width = size,
                                            .stride_height = 1,
                                            .stride_width = 1,
                                            .dilation_height = 1,
                                            .dilation_width = 1,
                                            .pad_top = (int32_t)size / 2,
                                            .pad_left = (int32_t)size / 2,
                                            .groups = 1,
                                            .input_zero_point = -3,
                                            .shift = 20,
                                            .low = -128,
                                            .high = 127};
  const uint64_t begin = tw_instructions();
  tw_conv_s8(&parameters, input, weights, scale, bias, output, 0, 1);
  report(name, tw_instructions() - begin, PIXELS * CHANNELS * channels * size * size);
}

static void measure_depthwise_conv(const char *name) {
  const tw_depthwise_conv_s8_parameters parameters = {.batches = 1,
                                                      .input_height = SIDE,
                                                      .input_width = SIDE,
                                                      .input_channels = CHANNELS,
                                                      .output_height = SIDE,
                                                      .output_width = SIDE,
                                                      .output_channels = CHANNELS,
                                                      .kernel_height = 3,
                                                      .kernel_width = 3,
                                                      .stride_height = 1,
                                                      .stride_width = 1,
                                                      .dilation_height = 1,
                                                      .dilation_width = 1,
                                                      .pad_top = 1,
                                                      .pad_left = 1,
                                                      .input_zero_point = -3,
                                                      .shift = 20,
                                                      .low = -128,
                                                      .high = 127};
  const uint64_t begin = tw_instructions();
  tw_depthwise_conv_s8(&parameters, input, weights, scale, bias, output, 0, 1);
  report(name, tw_instructions() - begin, PIXELS * CHANNELS * 9);
}

int main(void) {
  measure_matmul("matmul 64 x 256 x 64", 64, 256, 64);
  measure_matmul("matrix-vector 256 x 256", 1, 256, 256);
  measure_conv("conv 3 x 3, 32 to 64 channels, 16 x 16", 32, 3);
  measure_conv("conv 3 x 3, 3 to 64 channels, 16 x 16", 3, 3);
  measure_conv("conv 1 x 1, 64 to 64 channels, 16 x 16", CHANNELS, 1);
  measure_depthwise_conv("depthwise conv 3 x 3, 64 channels, 16 x 16");
  return 0;
}
