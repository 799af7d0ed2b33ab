#include "tilewright/batched_matmul.h"

#include "kernels/xcorev/products_f32.h"
#include "tilewright/float.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

static float scaled(const tw_batched_matmul_f32_parameters *parameters, float sum) {
  return tw_saturate_f32(parameters->scale * sum, parameters->minimum, parameters->maximum);
}

/* Cores share blocks of four columns of a row, of all matrices. */
void tw_batched_matmul_f32(const tw_batched_matmul_f32_parameters *parameters, const float *left,
                           const float *right, float *output, uint32_t core, uint32_t cores) {
  const uint32_t rows = parameters->rows;
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  const uint32_t blocks = (columns + SUMS - 1) / SUMS;
  const tw_range share = tw_share(parameters->matrices * rows * blocks, core, cores);
  for (uint32_t i = share.begin; i < share.end;) {
    const uint32_t line = i / blocks;
    const tw_walk walk = tw_walk_at(parameters->batch, line / rows);
    const float *const values =
        left + tw_walk_offset(&walk, parameters->left_strides) + line % rows * inner;
    const float *const matrix = right + tw_walk_offset(&walk, parameters->right_strides);
    float *const result = output + line * columns;
    uint32_t block = i % blocks;
    for (; block < blocks && i < share.end; ++block, ++i) {
      const uint32_t first = block * SUMS;
      if (columns - first >= SUMS) {
        float sums[SUMS] = {0.0f, 0.0f, 0.0f, 0.0f};
        add_products_f32(values, matrix + first * inner, inner, inner, sums);
        for (uint32_t k = 0; k < SUMS; ++k) {
          result[first + k] = scaled(parameters, sums[k]);
        }
      } else {
        for (uint32_t c = first; c < columns; ++c) {
          const float sum = add_product_f32(values, matrix + c * inner, inner, 0.0f);
          result[c] = scaled(parameters, sum);
        }
      }
    }
  }
}
