#include "tilewright/batched_matmul.h"
#include "tilewright/float.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

void tw_batched_matmul_f32(const tw_batched_matmul_f32_parameters *parameters, const float *left,
                           const float *right, float *output, uint32_t core, uint32_t cores) {
  const uint32_t rows = parameters->rows;
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  /* Cores share the columns of all matrices: there may be one matrix, and it may have one row. */
  const tw_range share = tw_share(parameters->matrices * columns, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const uint32_t matrix = i / columns;
    const uint32_t column = i % columns;
    const tw_walk walk = tw_walk_at(parameters->batch, matrix);
    const float *row = left + tw_walk_offset(&walk, parameters->left_strides);
    const float *other = right + tw_walk_offset(&walk, parameters->right_strides) + column * inner;
    float *result = output + matrix * rows * columns + column;
    for (uint32_t r = 0; r < rows; ++r, row += inner, result += columns) {
      float sum = 0.0f;
      for (uint32_t k = 0; k < inner; ++k) {
        sum += row[k] * other[k];
      }
      *result = tw_saturate_f32(parameters->scale * sum, parameters->minimum, parameters->maximum);
    }
  }
}
