#include "tilewright/matmul.h"
#include "tilewright/parallel.h"

void tw_matmul_f32(const tw_matmul_f32_parameters *parameters, const float *input,
                   const float *weights, const float *bias, float *output, uint32_t core,
                   uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  const tw_range share = tw_share(columns, core, cores);
  for (uint32_t r = 0; r < parameters->rows; ++r) {
    for (uint32_t c = share.begin; c < share.end; ++c) {
      float sum = bias ? bias[c] : 0.0f;
      for (uint32_t k = 0; k < inner; ++k) {
        sum += input[r * inner + k] * weights[k * columns + c];
      }
      sum = sum < parameters->minimum ? parameters->minimum : sum;
      output[r * columns + c] = sum > parameters->maximum ? parameters->maximum : sum;
    }
  }
}
