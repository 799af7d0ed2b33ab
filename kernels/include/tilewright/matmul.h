/* Matrix products with constant weights. */
#ifndef TILEWRIGHT_MATMUL_H_
#define TILEWRIGHT_MATMUL_H_

#include <stdint.h>

typedef struct {
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_matmul_s8_parameters;

/* output[r][c] = requantise(sum over k of input[r][k] * weights[c][k], scale[c], bias[c]).
 *
 * input: [rows][inner]; weights: [columns][inner]; scale, bias: [columns]; output: [rows][columns].
 */
void tw_matmul_s8(const tw_matmul_s8_parameters *parameters, const int8_t *input,
                  const int8_t *weights, const uint32_t *scale, const int32_t *bias, int8_t *output,
                  uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  uint32_t weight_bits; /* 4 or 2 */
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_matmul_narrow_s8_parameters;

/* tw_matmul_s8 with weights of fewer bits: rows of narrow_weights.h. scratch: TW_BLOCK_OUTPUTS *
 * inner bytes for each of `cores`. */
void tw_matmul_narrow_s8(const tw_matmul_narrow_s8_parameters *parameters, const int8_t *input,
                         const uint8_t *weights, const uint32_t *scale, const int32_t *bias,
                         int8_t *output, int8_t *scratch, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_matmul_packed_s8_parameters;

/* tw_matmul_s8 with packed weights, scale and bias: packed_block.h. Cores share blocks of 4 rows by
 * 4 columns.
 *
 * input: [rows][inner], fastest if inner and the address are multiples of 4; weights: blocks of
 * (inner + 3) / 4 words, a multiple of 4; output: [rows][columns]. */
void tw_matmul_packed_s8(const tw_matmul_packed_s8_parameters *parameters, const int8_t *input,
                         const int8_t *weights, int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t inner; /* a multiple of 8 */
  uint32_t columns;
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_matmul_packed_s8_w4_parameters;

/* tw_matmul_packed_s8 with weights of 4 bits. */
void tw_matmul_packed_s8_w4(const tw_matmul_packed_s8_w4_parameters *parameters,
                            const int8_t *input, const int8_t *weights, int8_t *output,
                            uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t inner; /* a multiple of 16 */
  uint32_t columns;
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;             /* 1: 64-bit requantisation, see docs/numerics.md */
  int32_t output_zero_point; /* wide form only */
} tw_matmul_packed_s8_w2_parameters;

/* tw_matmul_packed_s8 with weights of 2 bits. */
void tw_matmul_packed_s8_w2(const tw_matmul_packed_s8_w2_parameters *parameters,
                            const int8_t *input, const int8_t *weights, int8_t *output,
                            uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  float minimum;
  float maximum;
} tw_matmul_f32_parameters;

/* output[r][c] = clip(bias[c] + sum over ascending k of input[r][k] * weights[k][c]).
 *
 * input: [rows][inner]; weights: [inner][columns]; bias: [columns] or NULL (zero).
 */
void tw_matmul_f32(const tw_matmul_f32_parameters *parameters, const float *input,
                   const float *weights, const float *bias, float *output, uint32_t core,
                   uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t inner;
  uint32_t columns;
  uint32_t weight_bits; /* 8, 4 or 2 */
  uint32_t block;       /* weights of a column that have a scale in common */
  float minimum;
  float maximum;
} tw_matmul_weight_only_f32_parameters;

/* tw_matmul_f32 with weights (stored - zero_point) * scale, rounded to float32.
 *
 * input: [rows][inner]; weights: rows of narrow_weights.h, one for each column; scale, zero_point:
 * [columns][blocks], zero_point or NULL (zero); bias: [columns] or NULL (zero).
 */
void tw_matmul_weight_only_f32(const tw_matmul_weight_only_f32_parameters *parameters,
                               const float *input, const uint8_t *weights, const float *scale,
                               const int8_t *zero_point, const float *bias, float *output,
                               uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_MATMUL_H_ */
