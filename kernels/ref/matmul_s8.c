#include "tilewright/matmul.h"

#include "tilewright/matmul_columns.h"
#include "tilewright/parallel.h"

void tw_matmul_s8(const tw_matmul_s8_parameters *parameters, const int8_t *input,
                  const int8_t *weights, const uint32_t *scale, const int32_t *bias, int8_t *output,
                  uint32_t core, uint32_t cores) {
  const tw_product_shape shape = {parameters->rows, parameters->inner, parameters->columns};
  const tw_requantisation requantisation = TW_REQUANTISATION(parameters);
  /* Cores share the columns: a matrix-vector product has only one row. */
  const tw_range share = tw_share(shape.columns, core, cores);
  uint32_t count;
  for (uint32_t c = share.begin; c < share.end; c += count) {
    count = share.end - c >= TW_BLOCK_OUTPUTS ? TW_BLOCK_OUTPUTS : 1;
    tw_multiply_columns(&shape, input, weights + c * shape.inner, scale + c, bias + c, count,
                        &requantisation, output + c);
  }
}
