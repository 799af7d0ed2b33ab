#include "tilewright/float.h"
#include "tilewright/matmul.h"
#include "tilewright/narrow_weights.h"
#include "tilewright/parallel.h"

/* How many weights of how many columns are float32 at a time, on the stack. */
#define COLUMNS 4u
#define LENGTH 16u

static inline float real(int32_t weight, int32_t zero_point, float scale) {
  return (float)(weight - zero_point) * scale;
}

/* Four weights that begin with a byte. Everything is loaded before anything is stored: for all the
 * compiler knows, it could be the same memory. */
static inline void widen_four(const uint8_t *stored, uint32_t bits, int32_t zero_point, float scale,
                              float *weights) {
  int32_t a;
  int32_t b;
  int32_t c;
  int32_t d;
  if (bits == 4) {
    const uint32_t first = stored[0];
    const uint32_t second = stored[1];
    a = (int32_t)(first << 28) >> 28;
    b = (int32_t)(first << 24) >> 28;
    c = (int32_t)(second << 28) >> 28;
    d = (int32_t)(second << 24) >> 28;
  } else if (bits == 8) {
    a = (int8_t)stored[0];
    b = (int8_t)stored[1];
    c = (int8_t)stored[2];
    d = (int8_t)stored[3];
  } else {
    const uint32_t byte = stored[0];
    a = (int32_t)(byte << 30) >> 30;
    b = (int32_t)(byte << 28) >> 30;
    c = (int32_t)(byte << 26) >> 30;
    d = (int32_t)(byte << 24) >> 30;
  }
  const float first_real = real(a, zero_point, scale);
  const float second_real = real(b, zero_point, scale);
  const float third_real = real(c, zero_point, scale);
  const float fourth_real = real(d, zero_point, scale);
  weights[0] = first_real;
  weights[1] = second_real;
  weights[2] = third_real;
  weights[3] = fourth_real;
}

/* Weights `begin` to `end` of a column, all of one block. */
static void widen(const uint8_t *stored, uint32_t bits, int32_t zero_point, float scale,
                  uint32_t begin, uint32_t end, float *weights) {
  uint32_t k = begin;
  for (; k < end && k % 4 != 0; ++k) {
    *weights++ = real(tw_narrow_weight(stored, k, bits), zero_point, scale);
  }
  const uint8_t *bytes = stored + k * bits / 8;
  for (; end - k >= 4; k += 4) {
    widen_four(bytes, bits, zero_point, scale, weights);
    bytes += bits / 2;
    weights += 4;
  }
  for (; k < end; ++k) {
    *weights++ = real(tw_narrow_weight(stored, k, bits), zero_point, scale);
  }
}

/* Adds `count` products to each of four sums, which do not wait for each other. */
static void add_to_four(const float *input, float weights[][LENGTH], uint32_t count, float *sums) {
  float a = sums[0];
  float b = sums[1];
  float c = sums[2];
  float d = sums[3];
  for (uint32_t k = 0; k < count; ++k) {
    const float value = input[k];
    a += value * weights[0][k];
    b += value * weights[1][k];
    c += value * weights[2][k];
    d += value * weights[3][k];
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

static void add_to_each(const float *input, float weights[][LENGTH], uint32_t count,
                        uint32_t columns, float *sums) {
  for (uint32_t c = 0; c < columns; ++c) {
    for (uint32_t k = 0; k < count; ++k) {
      sums[c] += input[k] * weights[c][k];
    }
  }
}

void tw_matmul_weight_only_f32(const tw_matmul_weight_only_f32_parameters *parameters,
                               const float *input, const uint8_t *weights, const float *scale,
                               const int8_t *zero_point, const float *bias, float *output,
                               uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  const uint32_t bits = parameters->weight_bits;
  const uint32_t block = parameters->block;
  const uint32_t blocks = (inner + block - 1) / block;
  const uint32_t row_bytes = tw_narrow_row_bytes(inner, bits);
  const tw_range share = tw_share(columns, core, cores);
  float wide[COLUMNS][LENGTH];
  uint32_t count;
  for (uint32_t c = share.begin; c < share.end; c += count) {
    count = share.end - c >= COLUMNS ? COLUMNS : 1;
    for (uint32_t r = 0; r < parameters->rows; ++r) {
      for (uint32_t i = 0; i < count; ++i) {
        output[r * columns + c + i] = bias ? bias[c + i] : 0.0f;
      }
    }
    for (uint32_t b = 0; b < blocks; ++b) {
      const uint32_t last = b + 1 == blocks ? inner : (b + 1) * block;
      uint32_t end;
      for (uint32_t begin = b * block; begin < last; begin = end) {
        end = last - begin < LENGTH ? last : begin + LENGTH;
        for (uint32_t i = 0; i < count; ++i) {
          const uint32_t own = (c + i) * blocks + b;
          widen(weights + (c + i) * row_bytes, bits, zero_point ? zero_point[own] : 0, scale[own],
                begin, end, wide[i]);
        }
        for (uint32_t r = 0; r < parameters->rows; ++r) {
          const float *values = input + r * inner + begin;
          float *sums = output + r * columns + c;
          if (count == COLUMNS) {
            add_to_four(values, wide, end - begin, sums);
          } else {
            add_to_each(values, wide, end - begin, count, sums);
          }
        }
      }
    }
    for (uint32_t r = 0; r < parameters->rows; ++r) {
      for (uint32_t i = 0; i < count; ++i) {
        float *y = output + r * columns + c + i;
        *y = tw_saturate_f32(*y, parameters->minimum, parameters->maximum);
      }
    }
  }
}
