/* Convolutions and matrix products as jobs of the accelerator N-EUREKA. */
#ifndef TILEWRIGHT_ACCELERATED_CONV_H_
#define TILEWRIGHT_ACCELERATED_CONV_H_

#include <stdint.h>

/* A job for each image, and possibly another one for pixels that do not fill a row of the output.
 * Strides are bytes. Two numbers in a word are high half, low half. */
typedef struct {
  uint32_t images;
  uint32_t input_bytes; /* of an image */
  uint32_t output_bytes;
  int32_t input_offset; /* of the padded input's first pixel */

  /* The job's registers from number 6 on, in their order. */
  uint32_t input_pixel_stride;
  uint32_t input_row_stride;
  uint32_t input_plane_stride;
  uint32_t output_block_stride; /* from 32 bytes of a pixel to the next */
  uint32_t output_pixel_stride;
  uint32_t output_row_stride;
  uint32_t weight_block_stride;
  uint32_t weight_channel_stride; /* from output channel to output channel */
  uint32_t weight_plane_stride;
  uint32_t last_channels; /* of the last tile: output channels, input channels */
  uint32_t last_output;   /* height, width */
  uint32_t last_input;
  uint32_t channel_tiles; /* numbers of tiles: output, input */
  uint32_t output_tiles;  /* rows, columns */
  uint32_t padding;       /* top << 28 | right << 24 | bottom << 20 | left << 16 | value */
  int32_t weight_offset;
  uint32_t filter_mask; /* always 0 */
  uint32_t configuration;

  /* A further row of pixels, of 1x1 jobs only. */
  uint32_t rest_input; /* where it begins, bytes */
  uint32_t rest_output;
  uint32_t rest_last;  /* as last_output */
  uint32_t rest_tiles; /* as output_tiles; 0 if there is none */
} tw_accelerated_conv_parameters;

/* Bits of `configuration`. */
#define TW_ACCELERATED_WEIGHT_BITS(configuration) (((configuration) & 7u) + 1u)
#define TW_ACCELERATED_MODE(configuration) ((configuration) >> 5 & 3u)
#define TW_ACCELERATED_DEPTHWISE 1u
#define TW_ACCELERATED_1X1 2u
#define TW_ACCELERATED_SCALE_32 (2u << 12)
#define TW_ACCELERATED_SHIFT(configuration) ((configuration) >> 16 & 31u)
#define TW_ACCELERATED_SIGNED_OUTPUT (1u << 23)
#define TW_ACCELERATED_SIGNED_INPUT (1u << 26)

/* output = clip((sum of input * (weight + offset) * scale[o] + bias[o]) >> shift) in int32.
 *
 * input: int8 or uint8, [image][row][column][channel]. weights: planes of bits, laid out as
 * compiler/target/neureka_weights.py says; where the accelerator reads weight memory, they are
 * there. scale: 8 or 32 bits, unsigned, [channel]; bias: [channel]. output: int8 or uint8, [image]
 * [row][column][channel]. Core 0 starts the jobs and sleeps until they are done. */
void tw_accelerated_conv(const tw_accelerated_conv_parameters *parameters, const uint8_t *input,
                         const uint8_t *weights, const void *scale, const int32_t *bias,
                         uint8_t *output, uint32_t core, uint32_t cores);

/* The same in parts, for one core. First the accelerator is prepared for a call's first job, which
 * waits as long as its queue is full. */
void tw_accelerated_conv_prepare(const tw_accelerated_conv_parameters *parameters,
                                 const uint8_t *input, const uint8_t *weights, const void *scale,
                                 const int32_t *bias, uint8_t *output);

/* Then that job is started, */
void tw_accelerated_conv_start(void);

/* and those behind it are queued, by core 0; the last two may run when this returns. */
void tw_accelerated_conv_continue(const tw_accelerated_conv_parameters *parameters,
                                  const uint8_t *input, const uint8_t *weights, const void *scale,
                                  const int32_t *bias, uint8_t *output, uint32_t core,
                                  uint32_t cores);

/* Sleeps until all jobs are done; for the core that started them. */
void tw_accelerated_conv_finish(void);

#endif /* TILEWRIGHT_ACCELERATED_CONV_H_ */
