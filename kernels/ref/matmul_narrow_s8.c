#include "tilewright/matmul.h"
#include "tilewright/matmul_columns.h"
#include "tilewright/narrow_weights.h"
#include "tilewright/parallel.h"

void tw_matmul_narrow_s8(const tw_matmul_narrow_s8_parameters *parameters, const int8_t *input,
                         const uint8_t *weights, const uint32_t *scale, const int32_t *bias,
                         int8_t *output, int8_t *scratch, uint32_t core, uint32_t cores) {
  const tw_product_shape shape = {parameters->rows, parameters->inner, parameters->columns};
  const tw_requantisation requantisation = TW_REQUANTISATION(parameters);
  const uint32_t bits = parameters->weight_bits;
  const uint32_t row_bytes = tw_narrow_row_bytes(shape.inner, bits);
  int8_t *own = scratch + core * TW_BLOCK_OUTPUTS * shape.inner;
  const tw_range share = tw_share(shape.columns, core, cores);
  uint32_t count;
  for (uint32_t c = share.begin; c < share.end; c += count) {
    count = share.end - c >= TW_BLOCK_OUTPUTS ? TW_BLOCK_OUTPUTS : 1;
    tw_widen_rows(weights + c * row_bytes, bits, count, shape.inner, own);
    tw_multiply_columns(&shape, input, own, scale + c, bias + c, count, &requantisation,
                        output + c);
  }
}
