#include "tilewright/arithmetic.h"
#include "tilewright/matmul.h"
#include "tilewright/parallel.h"

void tw_matmul_s8(const tw_matmul_s8_parameters *parameters, const int8_t *input,
                  const int8_t *weights, const uint32_t *scale, const int32_t *bias, int8_t *output,
                  uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  /* Cores share the columns: a matrix-vector product has only one row. */
  const tw_range share = tw_share(columns, core, cores);
  for (uint32_t r = 0; r < parameters->rows; ++r) {
    for (uint32_t c = share.begin; c < share.end; ++c) {
      int32_t sum = 0;
      for (uint32_t k = 0; k < inner; ++k) {
        sum += input[r * inner + k] * weights[c * inner + k];
      }
      output[r * columns + c] =
          parameters->wide
              ? tw_requantise_wide(sum, scale[c], bias[c], parameters->shift,
                                   parameters->output_zero_point, parameters->low, parameters->high)
              : tw_requantise(sum, scale[c], bias[c], parameters->shift, parameters->low,
                              parameters->high);
    }
  }
}
