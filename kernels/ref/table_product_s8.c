#include "tilewright/arithmetic.h"
#include "tilewright/parallel.h"
#include "tilewright/table_product.h"

void tw_table_product_s8(const tw_table_product_s8_parameters *parameters, const int8_t *input,
                         const int8_t table[256], const int8_t *other, int8_t *output,
                         uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int32_t left = table[input[i] + 128] - parameters->left_zero_point;
    const int32_t product = left * (other[i] - parameters->right_zero_point);
    const int32_t steps = (product * parameters->scale + parameters->bias) >> parameters->shift;
    output[i] = (int8_t)tw_clip(steps, parameters->low, parameters->high);
  }
}
