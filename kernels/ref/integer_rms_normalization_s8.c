#include "tilewright/elementary.h"
#include "tilewright/integer_normalization.h"
#include "tilewright/integer_quotient.h"
#include "tilewright/parallel.h"

void tw_integer_rms_normalization_s8(const tw_integer_rms_normalization_s8_parameters *parameters,
                                     const int8_t *input, const int32_t *weight, int8_t *output,
                                     uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const int32_t zero_point = parameters->input_zero_point;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    uint32_t squares = 0;
    for (uint32_t i = 0; i < elements; ++i) {
      const int32_t value = x[i] - zero_point;
      squares += (uint32_t)(value * value);
    }
    const int32_t root = (int32_t)tw_integer_square_root(squares / elements + 1);
    for (uint32_t i = 0; i < elements; ++i) {
      const int64_t quotient = tw_product_quotient(x[i] - zero_point, weight[i], root);
      const int64_t shifted = quotient >> parameters->shift;
      y[i] = (int8_t)(shifted < -128 ? -128 : (shifted > 127 ? 127 : shifted));
    }
  }
}
