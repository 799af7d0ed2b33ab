/* Registers of a job, computed from what a layer is. */
#include "tilewright/accelerator.h"

#include <stddef.h>

#include "platforms/siracusa/registers.h"
#include "platforms/siracusa/soc.h"
#include "tilewright/exit.h"

/* Pixels of a tile's side and bytes of an access. */
#define TILE SOC_NEUREKA_PIXELS
#define OUTPUT_CHANNELS SOC_NEUREKA_OUTPUT_CHANNELS
#define ACCESS_BYTES (SOC_NEUREKA_WEIGHT_BITS / 8)

#define CONFIGURATION_WEIGHT_BITS(bits) ((bits) - 1)
#define CONFIGURATION_QUANTISE (1u << 4)
#define CONFIGURATION_MODE(mode) ((uint32_t)(mode) << 5)
#define CONFIGURATION_SCALE_8 (0u << 12)
#define CONFIGURATION_SCALE_32 (2u << 12)
#define CONFIGURATION_SHIFT(shift) ((shift) << 16)
#define CONFIGURATION_OUTPUT_32 (2u << 21)
#define CONFIGURATION_NO_RELU (1u << 23)
#define CONFIGURATION_LOAD_BIAS (1u << 25)
#define CONFIGURATION_SIGNED_INPUT (1u << 26)

static uint32_t tiles(uint32_t size, uint32_t tile) { return (size + tile - 1) / tile; }

static uint32_t last_tile(uint32_t size, uint32_t tile) {
  return size - (tiles(size, tile) - 1) * tile;
}

static uint32_t halves(uint32_t high, uint32_t low) { return high << 16 | low; }

static uint32_t configuration(const tw_accelerator_layer *layer, int weight_memory) {
  uint32_t bits = CONFIGURATION_WEIGHT_BITS(layer->weight_bits) | CONFIGURATION_MODE(layer->mode);
  if (weight_memory) {
    bits |= NEUREKA_WEIGHT_MEMORY;
  }
  if (layer->signed_input) {
    bits |= CONFIGURATION_SIGNED_INPUT;
  }
  if (layer->output_bits == 32) {
    return bits | CONFIGURATION_OUTPUT_32;
  }
  bits |= CONFIGURATION_QUANTISE | CONFIGURATION_SHIFT(layer->shift);
  bits |= layer->scale_bits == 8 ? CONFIGURATION_SCALE_8 : CONFIGURATION_SCALE_32;
  if (layer->bias != NULL) {
    bits |= CONFIGURATION_LOAD_BIAS;
  }
  return layer->relu ? bits : bits | CONFIGURATION_NO_RELU;
}

static void check(const tw_accelerator_layer *layer) {
  TW_ASSERT(layer->weight_bits >= 2 && layer->weight_bits <= 8);
  TW_ASSERT(layer->output_bits == 8 || layer->output_bits == 32);
  TW_ASSERT(layer->output_bits == 32 || layer->scale_bits == 8 || layer->scale_bits == 32);
  TW_ASSERT(layer->shift <= 31);
  if (layer->mode == TW_CONVOLUTION_1X1) {
    TW_ASSERT(layer->padding_top + layer->padding_right + layer->padding_bottom +
                  layer->padding_left ==
              0);
  } else {
    TW_ASSERT(layer->padding_top <= 2 && layer->padding_bottom <= 2);
    TW_ASSERT(layer->padding_left <= 2 && layer->padding_right <= 2);
    TW_ASSERT(layer->input_height + layer->padding_top + layer->padding_bottom >= 3);
    TW_ASSERT(layer->input_width + layer->padding_left + layer->padding_right >= 3);
  }
  TW_ASSERT(layer->padding_value == 0 || layer->padding_bottom + layer->padding_right == 0);
  if (layer->mode == TW_DEPTHWISE_3X3) {
    TW_ASSERT(layer->input_channels == layer->output_channels);
  }
}

void tw_accelerator_configure(const tw_accelerator_layer *layer, tw_accelerator_job *job) {
  check(layer);
  const int pointwise = layer->mode == TW_CONVOLUTION_1X1;
  const int depthwise = layer->mode == TW_DEPTHWISE_3X3;
  /* Rows and columns by which the output is smaller than the padded input. */
  const uint32_t border = pointwise ? 0 : 2;
  const uint32_t output_height =
      layer->input_height + layer->padding_top + layer->padding_bottom - border;
  const uint32_t output_width =
      layer->input_width + layer->padding_left + layer->padding_right - border;
  const uint32_t input_tile =
      pointwise ? SOC_NEUREKA_INPUT_CHANNELS_1X1 : SOC_NEUREKA_INPUT_CHANNELS_3X3;
  const uint32_t output_tile = depthwise ? input_tile : OUTPUT_CHANNELS;
  const uint32_t input_tiles = tiles(layer->input_channels, input_tile);
  const uint32_t pixel_bytes = layer->input_channels;
  const uint32_t row_bytes = pixel_bytes * layer->input_width;
  const uint32_t output_pixel_bytes = layer->output_channels * (layer->output_bits / 8);
  const uintptr_t weights = (uintptr_t)layer->weights;
  const int weight_memory = weights - SOC_WEIGHT_MEMORY < SOC_WEIGHT_MEMORY_SIZE;
  tw_accelerator_geometry *const geometry = &job->geometry;

  job->pointers = (tw_accelerator_pointers){
      .weights = layer->weights,
      .input = (const uint8_t *)layer->input - layer->padding_top * row_bytes -
               layer->padding_left * pixel_bytes,
      .output = layer->output,
      .scale = layer->scale,
      .bias = layer->bias,
  };

  geometry->input_stride[0] = pixel_bytes;
  geometry->input_stride[1] = row_bytes;
  geometry->input_stride[2] = 0;
  geometry->output_stride[0] = ACCESS_BYTES;
  geometry->output_stride[1] = output_pixel_bytes;
  geometry->output_stride[2] = output_pixel_bytes * output_width;
  geometry->weight_stride[0] = ACCESS_BYTES;
  geometry->weight_stride[1] = depthwise   ? 0
                               : pointwise ? ACCESS_BYTES * input_tiles
                                           : ACCESS_BYTES * layer->weight_bits * input_tiles;
  geometry->weight_stride[2] = 0;

  const uint32_t last_height = last_tile(output_height, TILE);
  const uint32_t last_width = last_tile(output_width, TILE);
  geometry->remainder_channels = halves(last_tile(layer->output_channels, output_tile),
                                        last_tile(layer->input_channels, input_tile));
  geometry->remainder_output = halves(last_height, last_width);
  geometry->remainder_input = halves(last_height + border - layer->padding_bottom,
                                     last_width + border - layer->padding_right);
  geometry->tiles_channels = halves(tiles(layer->output_channels, output_tile), input_tiles);
  geometry->tiles_output = halves(tiles(output_height, TILE), tiles(output_width, TILE));
  geometry->padding = layer->padding_top << 28 | layer->padding_right << 24 |
                      layer->padding_bottom << 20 | layer->padding_left << 16 |
                      ((uint32_t)layer->padding_value & 0xff);
  geometry->weight_offset = (uint32_t)layer->weight_offset;
  geometry->filter_mask = 0;
  geometry->configuration = configuration(layer, weight_memory);
}
