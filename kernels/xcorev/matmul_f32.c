#include "kernels/xcorev/products_f32.h"
#include "tilewright/float.h"
#include "tilewright/matmul.h"
#include "tilewright/parallel.h"

/* A row's products with four columns. */
static void four_columns(const tw_matmul_f32_parameters *parameters, const float *values,
                         const float *weights, const float *bias, float *output) {
  const uint32_t columns = parameters->columns;
  float a = bias ? bias[0] : 0.0f;
  float b = bias ? bias[1] : 0.0f;
  float c = bias ? bias[2] : 0.0f;
  float d = bias ? bias[3] : 0.0f;
  const float *const end = values + parameters->inner;
#pragma GCC unroll 4
  for (; values != end; ++values, weights += columns) {
    const float value = *values;
    a += value * weights[0];
    b += value * weights[1];
    c += value * weights[2];
    d += value * weights[3];
  }
  output[0] = tw_saturate_f32(a, parameters->minimum, parameters->maximum);
  output[1] = tw_saturate_f32(b, parameters->minimum, parameters->maximum);
  output[2] = tw_saturate_f32(c, parameters->minimum, parameters->maximum);
  output[3] = tw_saturate_f32(d, parameters->minimum, parameters->maximum);
}

static void one_column(const tw_matmul_f32_parameters *parameters, const float *values,
                       const float *weights, const float *bias, float *output) {
  float sum = bias ? bias[0] : 0.0f;
  for (uint32_t k = 0; k < parameters->inner; ++k) {
    sum += values[k] * weights[k * parameters->columns];
  }
  output[0] = tw_saturate_f32(sum, parameters->minimum, parameters->maximum);
}

/* Cores share blocks of four columns of a row. */
void tw_matmul_f32(const tw_matmul_f32_parameters *parameters, const float *input,
                   const float *weights, const float *bias, float *output, uint32_t core,
                   uint32_t cores) {
  const uint32_t columns = parameters->columns;
  const uint32_t blocks = (columns + SUMS - 1) / SUMS;
  const tw_range share = tw_share(parameters->rows * blocks, core, cores);
  if (share.begin == share.end) {
    return;
  }
  uint32_t row = share.begin / blocks;
  uint32_t block = share.begin % blocks;
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const float *const values = input + row * parameters->inner;
    const uint32_t first = block * SUMS;
    float *const result = output + row * columns;
    if (columns - first >= SUMS) {
      four_columns(parameters, values, weights + first, bias ? bias + first : bias, result + first);
    } else {
      for (uint32_t c = first; c < columns; ++c) {
        one_column(parameters, values, weights + c, bias ? bias + c : bias, result + c);
      }
    }
    if (++block == blocks) {
      block = 0;
      ++row;
    }
  }
}
