/* tw_accelerator_configure for all modes: tiles that are whole and not, one and several of each
 * kind, paddings, weights of few bits, signed data, both output widths, both weight memories. */
#include "tilewright/accelerator.h"

#include "tilewright/cluster.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"

#define MOST_INPUTS 8192
#define MOST_WEIGHTS 24576
#define MOST_OUTPUTS 16384
#define MOST_CHANNELS 64
#define TAPS 9
#define BLOCK 32

TW_L1_BUFFER static uint8_t input[MOST_INPUTS];
TW_L1_BUFFER static uint8_t output[MOST_OUTPUTS] __attribute__((aligned(4)));
TW_L1_BUFFER static uint8_t packed_l1[MOST_WEIGHTS * 2];
TW_WEIGHT_MEMORY_BUFFER static uint8_t packed_weight_memory[MOST_WEIGHTS * 2];
TW_L1_BUFFER static uint8_t scale_8[MOST_CHANNELS];
TW_L1_BUFFER static uint32_t scale_32[MOST_CHANNELS];
TW_L1_BUFFER static int32_t bias[MOST_CHANNELS];
/* Output channel, position, input channel, as stored; of a depthwise layer, output and position. */
static uint8_t weights[MOST_WEIGHTS];

static uint32_t random_state = 1;

static uint32_t next_random(void) {
  random_state = random_state * 1664525 + 1013904223;
  return random_state >> 8;
}

static uint32_t taps(const tw_accelerator_layer *layer) {
  return layer->mode == TW_CONVOLUTION_1X1 ? 1 : TAPS;
}

/* Input channels that an output depends on. */
static uint32_t depth(const tw_accelerator_layer *layer) {
  return layer->mode == TW_DEPTHWISE_3X3 ? 1 : layer->input_channels;
}

static uint32_t weight(const tw_accelerator_layer *layer, uint32_t out, uint32_t tap, uint32_t in) {
  return weights[(out * taps(layer) + tap) * depth(layer) + in];
}

static void set_bit(uint8_t *block, uint32_t bit) {
  block[bit / 8] = (uint8_t)(block[bit / 8] | 1u << bit % 8);
}

/* Bit planes of one weight, `position` within a 3x3 filter. */
static void put_3x3(uint8_t *blocks, uint32_t bits, uint32_t position, uint32_t channel,
                    uint32_t value) {
  for (uint32_t bit = 0; bit < bits; ++bit) {
    if ((value >> bit & 1) != 0) {
      set_bit(&blocks[bit * BLOCK], position * 28 + channel);
    }
  }
}

static void pack(const tw_accelerator_layer *layer, uint8_t *packed) {
  const uint32_t bits = layer->weight_bits;
  for (uint32_t i = 0; i < sizeof packed_l1; ++i) {
    packed[i] = 0;
  }
  if (layer->mode == TW_DEPTHWISE_3X3) {
    /* The channels are where a convolution has its input channels. */
    for (uint32_t channel = 0; channel < layer->output_channels; ++channel) {
      for (uint32_t tap = 0; tap < TAPS; ++tap) {
        put_3x3(&packed[channel / 28 * bits * BLOCK], bits, tap, channel % 28,
                weight(layer, channel, tap, 0));
      }
    }
    return;
  }
  for (uint32_t out = 0; out < layer->output_channels; ++out) {
    for (uint32_t in = 0; in < layer->input_channels; ++in) {
      if (layer->mode == TW_CONVOLUTION_3X3) {
        const uint32_t groups = (layer->input_channels + 27) / 28;
        for (uint32_t tap = 0; tap < TAPS; ++tap) {
          put_3x3(&packed[(out * groups + in / 28) * bits * BLOCK], bits, tap, in % 28,
                  weight(layer, out, tap, in));
        }
      } else {
        const uint32_t groups = (layer->input_channels + 31) / 32;
        uint8_t *const block = &packed[(out * groups + in / 32) * BLOCK];
        for (uint32_t bit = 0; bit < bits; ++bit) {
          if ((weight(layer, out, 0, in) >> bit & 1) != 0) {
            set_bit(block, in % 32 / 4 * 32 + bit * 4 + in % 4);
          }
        }
      }
    }
  }
}

static int32_t pixel(const tw_accelerator_layer *layer, int32_t row, int32_t column, uint32_t in) {
  if (row < 0 || row >= (int32_t)layer->input_height || column < 0 ||
      column >= (int32_t)layer->input_width) {
    return layer->padding_value;
  }
  const uint8_t byte =
      input[((uint32_t)row * layer->input_width + (uint32_t)column) * layer->input_channels + in];
  return layer->signed_input ? (int8_t)byte : byte;
}

static int32_t accumulate(const tw_accelerator_layer *layer, uint32_t row, uint32_t column,
                          uint32_t out) {
  const int32_t side = layer->mode == TW_CONVOLUTION_1X1 ? 1 : 3;
  int32_t sum = 0;
  for (int32_t y = 0; y < side; ++y) {
    for (int32_t x = 0; x < side; ++x) {
      for (uint32_t in = 0; in < depth(layer); ++in) {
        const uint32_t channel = layer->mode == TW_DEPTHWISE_3X3 ? out : in;
        const uint32_t tap = (uint32_t)(y * side + x);
        sum += pixel(layer, (int32_t)(row - layer->padding_top) + y,
                     (int32_t)(column - layer->padding_left) + x, channel) *
               ((int32_t)weight(layer, out, tap, in) + layer->weight_offset);
      }
    }
  }
  return sum;
}

static int32_t requantise(const tw_accelerator_layer *layer, int32_t sum, uint32_t out) {
  const int32_t scale = (int32_t)(layer->scale_bits == 8 ? scale_8[out] : scale_32[out]);
  const int32_t value = (sum * scale + (layer->bias ? bias[out] : 0)) >> layer->shift;
  const int32_t low = layer->relu ? 0 : -128;
  const int32_t high = layer->relu ? 255 : 127;
  return value < low ? low : value > high ? high : value;
}

static void run(tw_accelerator_layer *layer, int weight_memory) {
  const uint32_t border = layer->mode == TW_CONVOLUTION_1X1 ? 0 : 2;
  const uint32_t height = layer->input_height + layer->padding_top + layer->padding_bottom - border;
  const uint32_t width = layer->input_width + layer->padding_left + layer->padding_right - border;
  const uint32_t inputs = layer->input_height * layer->input_width * layer->input_channels;
  const uint32_t count = layer->output_channels * taps(layer) * depth(layer);
  const uint32_t bytes = height * width * layer->output_channels * (layer->output_bits / 8);
  TW_ASSERT(inputs <= MOST_INPUTS && count <= MOST_WEIGHTS && bytes + 4 <= MOST_OUTPUTS);
  TW_ASSERT(layer->output_channels <= MOST_CHANNELS);

  for (uint32_t i = 0; i < inputs; ++i) {
    input[i] = (uint8_t)next_random();
  }
  for (uint32_t i = 0; i < count; ++i) {
    weights[i] = (uint8_t)(next_random() & ((1u << layer->weight_bits) - 1));
  }
  for (uint32_t i = 0; i < layer->output_channels; ++i) {
    scale_8[i] = (uint8_t)(1 + next_random() % 9);
    scale_32[i] = scale_8[i];
    bias[i] = (int32_t)(next_random() % 65536) - 32768;
  }
  for (uint32_t i = 0; i < bytes + 4; ++i) {
    output[i] = 0xa5;
  }
  uint8_t *const packed = weight_memory ? packed_weight_memory : packed_l1;
  pack(layer, packed);
  layer->input = input;
  layer->weights = packed;
  layer->output = output;
  layer->scale = layer->scale_bits == 8 ? (const void *)scale_8 : (const void *)scale_32;

  tw_accelerator_job job;
  tw_accelerator_configure(layer, &job);
  tw_accelerator_start(&job);
  tw_accelerator_wait();

  uint32_t at = 0;
  for (uint32_t row = 0; row < height; ++row) {
    for (uint32_t column = 0; column < width; ++column) {
      for (uint32_t out = 0; out < layer->output_channels; ++out, ++at) {
        const int32_t sum = accumulate(layer, row, column, out);
        if (layer->output_bits == 32) {
          TW_ASSERT(((const int32_t *)(const void *)output)[at] == sum);
        } else {
          TW_ASSERT(output[at] == (uint8_t)requantise(layer, sum, out));
        }
      }
    }
  }
  for (uint32_t i = bytes; i < bytes + 4; ++i) {
    TW_ASSERT(output[i] == 0xa5);
  }
}

static tw_accelerator_layer layer_of(tw_accelerator_mode mode, uint32_t height, uint32_t width,
                                     uint32_t inputs, uint32_t outputs) {
  const tw_accelerator_layer layer = {
      .mode = mode,
      .input_height = height,
      .input_width = width,
      .input_channels = inputs,
      .output_channels = outputs,
      .weight_bits = 8,
      .weight_offset = -128,
      .output_bits = 8,
      .relu = 1,
      .scale_bits = 8,
      .bias = bias,
      .shift = 10,
  };
  return layer;
}

static void control(void *argument) {
  (void)argument;
  /* One tile of each kind, and less. */
  tw_accelerator_layer layer = layer_of(TW_CONVOLUTION_1X1, 6, 6, 32, 32);
  run(&layer, 0);
  layer = layer_of(TW_CONVOLUTION_1X1, 1, 1, 1, 1);
  run(&layer, 1);
  /* Several, and a rest. */
  layer = layer_of(TW_CONVOLUTION_1X1, 7, 13, 33, 34);
  layer.scale_bits = 32;
  run(&layer, 0);
  layer = layer_of(TW_CONVOLUTION_1X1, 2, 3, 64, 61);
  layer.weight_bits = 3;
  layer.weight_offset = -4;
  layer.relu = 0;
  layer.signed_input = 1;
  layer.shift = 7;
  run(&layer, 1);
  layer.output_bits = 32;
  run(&layer, 0);

  layer = layer_of(TW_CONVOLUTION_3X3, 8, 8, 28, 32);
  run(&layer, 1);
  layer = layer_of(TW_CONVOLUTION_3X3, 3, 3, 2, 3);
  run(&layer, 0);
  layer = layer_of(TW_CONVOLUTION_3X3, 7, 9, 30, 33);
  layer.padding_top = layer.padding_left = 1;
  layer.weight_bits = 2;
  layer.weight_offset = -1;
  layer.bias = 0;
  layer.shift = 3;
  run(&layer, 0);
  layer.padding_value = 77;
  run(&layer, 0);
  layer.padding_value = 0;
  layer.padding_top = layer.padding_left = 0;
  layer.padding_bottom = layer.padding_right = 1;
  layer.relu = 0;
  run(&layer, 1);
  layer.output_bits = 32;
  run(&layer, 1);

  layer = layer_of(TW_DEPTHWISE_3X3, 8, 8, 28, 28);
  layer.shift = 6;
  run(&layer, 1);
  layer = layer_of(TW_DEPTHWISE_3X3, 9, 5, 57, 57);
  layer.padding_top = layer.padding_right = layer.padding_bottom = layer.padding_left = 1;
  layer.weight_bits = 5;
  layer.weight_offset = -16;
  layer.signed_input = 1;
  layer.relu = 0;
  layer.shift = 3;
  run(&layer, 0);
  run(&layer, 1);
}

int main(void) {
  tw_cluster_run(control, 0);
  tw_console_text("PASS\n");
  return 0;
}
