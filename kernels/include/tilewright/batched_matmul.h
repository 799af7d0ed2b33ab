/* Products of matrices that are both computed at run time, broadcast over batches.
 *
 * Matrix m of the output is left matrix [rows][inner] times the transpose of right matrix
 * [columns][inner]; both are found by walking `batch` (see strided.h) with strides in elements.
 * output: [matrices][rows][columns]. */
#ifndef TILEWRIGHT_BATCHED_MATMUL_H_
#define TILEWRIGHT_BATCHED_MATMUL_H_

#include <stdint.h>

typedef struct {
  uint32_t batch[6];
  int32_t left_strides[6];
  int32_t right_strides[6];
  uint32_t matrices;
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  int32_t left_zero_point;
  int32_t right_zero_point;
  uint32_t scale;
  int32_t bias;
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_batched_matmul_s8_parameters;

/* output = requantise(sum over k of (left[r][k] - left_zero_point) * (right[c][k] -
 * right_zero_point), scale, bias); inner <= 32767. */
void tw_batched_matmul_s8(const tw_batched_matmul_s8_parameters *parameters, const int8_t *left,
                          const int8_t *right, int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t batch[6];
  int32_t left_strides[6];
  int32_t right_strides[6];
  uint32_t matrices;
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  float scale;
  float minimum;
  float maximum;
} tw_batched_matmul_f32_parameters;

/* output = clip(scale * sum over ascending k of left[r][k] * right[c][k]). */
void tw_batched_matmul_f32(const tw_batched_matmul_f32_parameters *parameters, const float *left,
                           const float *right, float *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_BATCHED_MATMUL_H_ */
