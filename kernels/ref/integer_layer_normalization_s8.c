#include "tilewright/elementary.h"
#include "tilewright/integer_normalization.h"
#include "tilewright/integer_quotient.h"
#include "tilewright/parallel.h"

void tw_integer_layer_normalization_s8(
    const tw_integer_layer_normalization_s8_parameters *parameters, const int8_t *input,
    const int32_t *weight, const int32_t *bias, int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const int32_t zero_point = parameters->input_zero_point;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    int32_t sum = 0;
    for (uint32_t i = 0; i < elements; ++i) {
      sum += x[i] - zero_point;
    }
    const int32_t mean = sum / (int32_t)elements;
    uint32_t squares = 0;
    for (uint32_t i = 0; i < elements; ++i) {
      const int32_t centred = x[i] - zero_point - mean;
      squares += (uint32_t)(centred * centred);
    }
    const int32_t root = (int32_t)tw_integer_square_root(squares / elements + 1);
    for (uint32_t i = 0; i < elements; ++i) {
      const int32_t centred = x[i] - zero_point - mean;
      const int64_t quotient = tw_product_quotient(centred, weight[i], root);
      y[i] = (int8_t)((quotient + bias[i]) >> parameters->shift);
    }
  }
}
