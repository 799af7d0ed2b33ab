/* What the accelerator computes, from the registers that it gets. */
#include "tilewright/accelerated_conv.h"

#include "tilewright/arithmetic.h"

#define BLOCK_BYTES 32u
#define TILE 6u
#define GROUP_3X3 28u
#define GROUP_1X1 32u
#define OUTPUT_GROUP 32u

typedef struct {
  const tw_accelerated_conv_parameters *parameters;
  const uint8_t *input; /* first pixel of the padded input */
  const uint8_t *weights;
  const void *scale;
  const int32_t *bias;
  uint8_t *output;
  uint32_t mode;
  uint32_t weight_bits;
  uint32_t inputs;
  uint32_t outputs;
  uint32_t top; /* rows and columns of padding */
  uint32_t left;
} layer;

/* Size of so many tiles, the last one being smaller; each in half of a word. */
static uint32_t size(uint32_t tiles, uint32_t last, uint32_t shift, uint32_t tile) {
  return ((tiles >> shift & 0xffffu) - 1u) * tile + (last >> shift & 0xffffu);
}

static uint32_t bit(const uint8_t *block, uint32_t number) {
  return (uint32_t)block[number / 8] >> number % 8 & 1u;
}

static int32_t weight(const layer *this, uint32_t output, uint32_t tap, uint32_t input) {
  const tw_accelerated_conv_parameters *const parameters = this->parameters;
  const uint8_t *block = this->weights + output * parameters->weight_channel_stride;
  uint32_t first;
  uint32_t plane = 8u * BLOCK_BYTES; /* bits from one bit of a weight to the next */
  if (this->mode == TW_ACCELERATED_1X1) {
    const uint32_t channel = input % GROUP_1X1;
    block += input / GROUP_1X1 * BLOCK_BYTES;
    first = channel / 4 * 32 + channel % 4;
    plane = 4;
  } else {
    const uint32_t channel = this->mode == TW_ACCELERATED_DEPTHWISE ? output : input;
    block += channel / GROUP_3X3 * this->weight_bits * BLOCK_BYTES;
    first = tap * GROUP_3X3 + channel % GROUP_3X3;
  }
  uint32_t value = 0;
  for (uint32_t i = 0; i < this->weight_bits; ++i) {
    value |= bit(block, first + i * plane) << i;
  }
  return (int32_t)value + parameters->weight_offset;
}

/* Input channel of a pixel of the padded input, which has so many rows and columns before what the
 * hardware takes for zeros begins. */
static int32_t activation(const layer *this, uint32_t row, uint32_t column, uint32_t channel,
                          uint32_t rows, uint32_t columns) {
  const tw_accelerated_conv_parameters *const parameters = this->parameters;
  uint8_t value = 0;
  if (row < this->top || column < this->left) {
    value = (uint8_t)(parameters->padding & 0xffu);
  } else if (row < rows && column < columns) {
    value = this->input[(int32_t)(row * parameters->input_row_stride +
                                  column * parameters->input_pixel_stride + channel) +
                        parameters->input_offset];
  }
  return (parameters->configuration & TW_ACCELERATED_SIGNED_INPUT) != 0 ? (int8_t)value : value;
}

static int32_t sum(const layer *this, uint32_t row, uint32_t column, uint32_t output, uint32_t rows,
                   uint32_t columns) {
  const uint32_t extent = this->mode == TW_ACCELERATED_1X1 ? 1 : 3;
  const int depthwise = this->mode == TW_ACCELERATED_DEPTHWISE;
  const uint32_t begin = depthwise ? output : 0;
  const uint32_t end = depthwise ? output + 1 : this->inputs;
  int32_t result = 0;
  for (uint32_t tap = 0; tap < extent * extent; ++tap) {
    for (uint32_t input = begin; input < end; ++input) {
      result += activation(this, row + tap / extent, column + tap % extent, input, rows, columns) *
                weight(this, output, tap, input);
    }
  }
  return result;
}

/* A job: output and input in so many tiles, and the sizes of the last ones. */
static void compute(const layer *this, uint32_t tiles, uint32_t last, uint32_t last_input) {
  const tw_accelerated_conv_parameters *const parameters = this->parameters;
  const uint32_t configuration = parameters->configuration;
  const int is_signed = (configuration & TW_ACCELERATED_SIGNED_OUTPUT) != 0;
  const uint32_t height = size(tiles, last, 16, TILE);
  const uint32_t width = size(tiles, last, 0, TILE);
  const uint32_t rows = size(tiles, last_input, 16, TILE);
  const uint32_t columns = size(tiles, last_input, 0, TILE);
  for (uint32_t row = 0; row < height; ++row) {
    for (uint32_t column = 0; column < width; ++column) {
      uint8_t *const pixel = this->output + row * parameters->output_row_stride +
                             column * parameters->output_pixel_stride;
      for (uint32_t o = 0; o < this->outputs; ++o) {
        const uint32_t scale = (configuration & TW_ACCELERATED_SCALE_32) != 0
                                   ? ((const uint32_t *)this->scale)[o]
                                   : ((const uint8_t *)this->scale)[o];
        const int32_t scaled =
            sum(this, row, column, o, rows, columns) * (int32_t)scale + this->bias[o];
        pixel[o] = (uint8_t)tw_clip(scaled >> TW_ACCELERATED_SHIFT(configuration),
                                    is_signed ? -128 : 0, is_signed ? 127 : 255);
      }
    }
  }
}

void tw_accelerated_conv(const tw_accelerated_conv_parameters *parameters, const uint8_t *input,
                         const uint8_t *weights, const void *scale, const int32_t *bias,
                         uint8_t *output, uint32_t core, uint32_t cores) {
  (void)cores;
  if (core != 0) {
    return;
  }
  const uint32_t mode = TW_ACCELERATED_MODE(parameters->configuration);
  const uint32_t channels = parameters->channel_tiles;
  layer this = {
      .parameters = parameters,
      .input = input,
      .weights = weights,
      .scale = scale,
      .bias = bias,
      .output = output,
      .mode = mode,
      .weight_bits = TW_ACCELERATED_WEIGHT_BITS(parameters->configuration),
      .inputs = size(channels, parameters->last_channels, 0,
                     mode == TW_ACCELERATED_1X1 ? GROUP_1X1 : GROUP_3X3),
      .outputs = size(channels, parameters->last_channels, 16,
                      mode == TW_ACCELERATED_DEPTHWISE ? GROUP_3X3 : OUTPUT_GROUP),
      .top = parameters->padding >> 28,
      .left = parameters->padding >> 16 & 15u,
  };
  for (uint32_t image = 0; image < parameters->images; ++image) {
    this.input = input + image * parameters->input_bytes;
    this.output = output + image * parameters->output_bytes;
    compute(&this, parameters->output_tiles, parameters->last_output, parameters->last_input);
    if (parameters->rest_tiles != 0) {
      this.input += parameters->rest_input;
      this.output += parameters->rest_output;
      compute(&this, parameters->rest_tiles, parameters->rest_last, parameters->rest_last);
    }
  }
}
