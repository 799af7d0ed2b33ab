/* Convolutions on the N-EUREKA accelerator, one job after another, while cores do something else.
 *
 * Operands are in L1; weights may be in weight memory instead. Activations are 8-bit, in the order
 * height, width, channel. For each output channel
 *
 *     output = clip((accumulator * scale + bias) >> shift)
 *
 * in int32, which must not overflow. For cluster cores; the end of a job wakes the core that
 * started it. */
#ifndef TILEWRIGHT_ACCELERATOR_H_
#define TILEWRIGHT_ACCELERATOR_H_

#include <stdint.h>

/* Objects in weight memory: constants that are part of the program, and buffers without an initial
 * value, to which cluster cores and the DMA write. */
#define TW_WEIGHT_MEMORY __attribute__((section(".weight_memory")))
#define TW_WEIGHT_MEMORY_BUFFER __attribute__((section(".bss.weight_memory")))

typedef enum {
  TW_CONVOLUTION_3X3 = 0,
  TW_DEPTHWISE_3X3 = 1,
  TW_CONVOLUTION_1X1 = 2,
} tw_accelerator_mode;

/* A convolution with stride 1. */
typedef struct {
  tw_accelerator_mode mode;
  uint32_t input_height;
  uint32_t input_width;
  uint32_t input_channels;
  uint32_t output_channels; /* of a depthwise convolution: as many as input channels */

  /* 3x3 and depthwise only: rows and columns around the input that read as `padding_value`. Below
   * and to the right the hardware knows 0 only. */
  uint32_t padding_top;
  uint32_t padding_right;
  uint32_t padding_bottom;
  uint32_t padding_left;
  int32_t padding_value;

  const void *input;
  int signed_input;

  /* Packed; a weight is the stored number of `weight_bits` bits, 2 to 8, plus `weight_offset`. */
  const void *weights;
  uint32_t weight_bits;
  int32_t weight_offset;

  void *output;
  uint32_t output_bits; /* 8, or 32 for accumulators as they are: then nothing below is used */
  int relu;             /* output uint8 if true, else int8 */
  const void *scale;    /* unsigned, one for each output channel */
  uint32_t scale_bits;  /* 8 or 32 */
  const int32_t *bias;  /* one for each output channel, or null */
  uint32_t shift;       /* at most 31 */
} tw_accelerator_layer;

/* Where a job finds its operands; the accelerator's first registers, in their order. Weights may be
 * in weight memory, and are where the configuration says. */
typedef struct {
  const uint8_t *weights;
  const uint8_t *input; /* the first pixel of the padded input */
  uint8_t *output;
  const void *scale;
  const void *shift; /* not used */
  const int32_t *bias;
} tw_accelerator_pointers;

/* The accelerator's other registers for a job, in their order. */
typedef struct {
  uint32_t input_stride[3];  /* bytes from column to column, row to row; unused */
  uint32_t output_stride[3]; /* bytes from 32 bytes of a pixel to the next, column, row */
  uint32_t weight_stride[3];
  uint32_t remainder_channels; /* sizes of the last tile: output << 16 | input */
  uint32_t remainder_output;   /* height << 16 | width */
  uint32_t remainder_input;
  uint32_t tiles_channels; /* numbers of tiles: output << 16 | input */
  uint32_t tiles_output;   /* height << 16 | width */
  uint32_t padding;        /* top << 28 | right << 24 | bottom << 20 | left << 16 | value */
  uint32_t weight_offset;
  uint32_t filter_mask;
  uint32_t configuration;
} tw_accelerator_geometry;

typedef struct {
  tw_accelerator_pointers pointers;
  tw_accelerator_geometry geometry;
} tw_accelerator_job;

/* Computes the registers for a layer. */
void tw_accelerator_configure(const tw_accelerator_layer *layer, tw_accelerator_job *job);

/* Starts a job, or queues it behind the one that runs; sleeps while the queue is full. */
void tw_accelerator_start(const tw_accelerator_job *job);

/* The same with operands apart from the rest, which may be shared by jobs. */
void tw_accelerator_queue(const tw_accelerator_pointers *pointers,
                          const tw_accelerator_geometry *geometry);

/* The two halves of that: takes a place in the queue, sleeping while it is full, and writes a job's
 * registers; then starts the job. In between, nothing else may be queued or waited for. */
void tw_accelerator_prepare(const tw_accelerator_pointers *pointers,
                            const tw_accelerator_geometry *geometry);
void tw_accelerator_trigger(void);

/* Sleeps until all jobs are done. For the core that started the last one. */
void tw_accelerator_wait(void);

#endif /* TILEWRIGHT_ACCELERATOR_H_ */
