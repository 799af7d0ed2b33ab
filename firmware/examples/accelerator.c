/* Two convolutions on the accelerator, a 1x1 with weights in L1 and a 3x3 with weights in weight
 * memory, compared with plain loops on the fabric controller.
 *
 * The compiler packs weights when it compiles a network; here a few lines of C do it, so that the
 * layout can be seen. */
#include "tilewright/accelerator.h"

#include "tilewright/cluster.h"
#include "tilewright/console.h"
#include "tilewright/dma.h"
#include "tilewright/exit.h"

#define HEIGHT 7
#define WIDTH 8
#define INPUTS 36
#define OUTPUTS 40
#define TAPS 9
#define SHIFT 11

/* Packed weights: 32 bytes for each output channel and group of input channels, for 3x3 times the
 * number of bits. */
#define WEIGHT_BITS 8
#define BLOCK 32
#define GROUP_1X1 32
#define GROUP_3X3 28
#define GROUPS(group) ((INPUTS + (group) - 1) / (group))

typedef struct {
  uint8_t input[HEIGHT * WIDTH * INPUTS];  /* height, width, channel */
  int8_t weights[OUTPUTS * TAPS * INPUTS]; /* output channel, position, input channel */
  uint8_t scale[OUTPUTS];
  int32_t bias[OUTPUTS];
  uint8_t output[2][HEIGHT * WIDTH * OUTPUTS]; /* 1x1, 3x3 */
} operands;

/* What the fabric controller computes with is in L2, what the accelerator reads and writes in L1
 * and weight memory. */
static operands reference;
TW_L1_BUFFER static operands l1;
TW_L1_BUFFER static uint8_t weights_1x1[OUTPUTS * GROUPS(GROUP_1X1) * BLOCK];
TW_WEIGHT_MEMORY_BUFFER static uint8_t
    weights_3x3[OUTPUTS * GROUPS(GROUP_3X3) * WEIGHT_BITS * BLOCK];

static void make_operands(void) {
  uint32_t random = 1;
  for (uint32_t i = 0; i < sizeof reference.input; ++i) {
    random = random * 1664525 + 1013904223;
    reference.input[i] = (uint8_t)(random >> 24);
  }
  for (uint32_t i = 0; i < sizeof reference.weights; ++i) {
    random = random * 1664525 + 1013904223;
    reference.weights[i] = (int8_t)(random >> 24);
  }
  for (uint32_t i = 0; i < OUTPUTS; ++i) {
    reference.scale[i] = (uint8_t)(3 + i % 5);
    /* With half of a unit, the shift, which truncates, rounds. */
    reference.bias[i] = (int32_t)(i * 5000) + (1 << (SHIFT - 1));
  }
}

/* Sets a bit of a block; bits are counted from the lowest of the first byte. */
static void set_bit(uint8_t *block, uint32_t bit) {
  block[bit / 8] = (uint8_t)(block[bit / 8] | 1u << bit % 8);
}

static void clear(uint8_t *bytes, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    bytes[i] = 0;
  }
}

/* A weight as it is stored: unsigned. The accelerator adds the offset -128 when it computes. */
static uint32_t stored_weight(uint32_t output, uint32_t position, uint32_t input) {
  return (uint32_t)(l1.weights[(output * TAPS + position) * INPUTS + input] + 128);
}

/* 1x1: a block has 32 input channels in 8 sub-groups of 4; of a sub-group first the lowest bits of
 * its 4 weights, then the next higher ones. The weight is that of the 3x3 filter's first position.
 */
static void pack_1x1(void) {
  clear(weights_1x1, sizeof weights_1x1);
  for (uint32_t output = 0; output < OUTPUTS; ++output) {
    for (uint32_t input = 0; input < INPUTS; ++input) {
      uint8_t *const block = &weights_1x1[(output * GROUPS(GROUP_1X1) + input / GROUP_1X1) * BLOCK];
      const uint32_t channel = input % GROUP_1X1;
      const uint32_t weight = stored_weight(output, 0, input);
      for (uint32_t bit = 0; bit < WEIGHT_BITS; ++bit) {
        if ((weight >> bit & 1) != 0) {
          set_bit(block, channel / 4 * 32 + bit * 4 + channel % 4);
        }
      }
    }
  }
}

/* 3x3: a block has one bit of each weight of 28 input channels, position by position; there is a
 * block for each bit, the lowest first. */
static void pack_3x3(void) {
  clear(weights_3x3, sizeof weights_3x3);
  for (uint32_t output = 0; output < OUTPUTS; ++output) {
    for (uint32_t input = 0; input < INPUTS; ++input) {
      uint8_t *const blocks =
          &weights_3x3[(output * GROUPS(GROUP_3X3) + input / GROUP_3X3) * WEIGHT_BITS * BLOCK];
      for (uint32_t position = 0; position < TAPS; ++position) {
        const uint32_t weight = stored_weight(output, position, input);
        for (uint32_t bit = 0; bit < WEIGHT_BITS; ++bit) {
          if ((weight >> bit & 1) != 0) {
            set_bit(&blocks[bit * BLOCK], position * GROUP_3X3 + input % GROUP_3X3);
          }
        }
      }
    }
  }
}

static void control(void *argument) {
  (void)argument;
  const tw_dma_counter counter = tw_dma_allocate();
  tw_dma_load(counter, &l1, &reference, sizeof reference);
  tw_dma_wait(counter);
  tw_dma_free(counter);
  pack_1x1();
  pack_3x3();

  tw_accelerator_layer layer = {
      .mode = TW_CONVOLUTION_1X1,
      .input_height = HEIGHT,
      .input_width = WIDTH,
      .input_channels = INPUTS,
      .output_channels = OUTPUTS,
      .input = l1.input,
      .weights = weights_1x1,
      .weight_bits = WEIGHT_BITS,
      .weight_offset = -128,
      .output = l1.output[0],
      .output_bits = 8,
      .relu = 1,
      .scale = l1.scale,
      .scale_bits = 8,
      .bias = l1.bias,
      .shift = SHIFT,
  };
  tw_accelerator_job pointwise;
  tw_accelerator_configure(&layer, &pointwise);

  layer.mode = TW_CONVOLUTION_3X3;
  layer.padding_top = 1;
  layer.padding_right = 1;
  layer.padding_bottom = 1;
  layer.padding_left = 1;
  layer.weights = weights_3x3;
  layer.output = l1.output[1];
  tw_accelerator_job spatial;
  tw_accelerator_configure(&layer, &spatial);

  /* The second job is queued while the first one runs. Registers are ready-made in `job`; a network
   * has them as constants. */
  tw_accelerator_start(&pointwise);
  tw_accelerator_start(&spatial);
  tw_accelerator_wait();
}

/* One output of a convolution whose filter reaches `border` pixels in each direction. */
static uint8_t convolve(uint32_t row, uint32_t column, uint32_t output, int32_t border) {
  int32_t sum = 0;
  uint32_t position = 0;
  for (int32_t y = (int32_t)row - border; y <= (int32_t)row + border; ++y) {
    for (int32_t x = (int32_t)column - border; x <= (int32_t)column + border; ++x, ++position) {
      if (y < 0 || y >= HEIGHT || x < 0 || x >= WIDTH) {
        continue; /* padding is 0 */
      }
      const uint8_t *const pixel = &reference.input[(y * WIDTH + x) * INPUTS];
      const int8_t *const weights = &reference.weights[(output * TAPS + position) * INPUTS];
      for (uint32_t input = 0; input < INPUTS; ++input) {
        sum += pixel[input] * weights[input];
      }
    }
  }
  const int32_t scaled = (sum * reference.scale[output] + reference.bias[output]) >> SHIFT;
  return (uint8_t)(scaled < 0 ? 0 : scaled > 255 ? 255 : scaled);
}

static void check(const char *name, const uint8_t *found, int32_t border) {
  uint32_t at = 0;
  for (uint32_t row = 0; row < HEIGHT; ++row) {
    for (uint32_t column = 0; column < WIDTH; ++column) {
      for (uint32_t output = 0; output < OUTPUTS; ++output, ++at) {
        TW_ASSERT(found[at] == convolve(row, column, output, border));
      }
    }
  }
  tw_console_text(name);
  tw_console_text(": ");
  tw_console_unsigned(at);
  tw_console_text(" outputs equal\n");
}

int main(void) {
  make_operands();
  tw_cluster_run(control, 0);
  check("1x1", l1.output[0], 0);
  check("3x3", l1.output[1], 1);
  return 0;
}
