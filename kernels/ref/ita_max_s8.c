#include "tilewright/integer_softmax.h"
#include "tilewright/parallel.h"

void tw_ita_max_s8(const tw_ita_max_s8_parameters *parameters, const int8_t *input, int8_t *output,
                   uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    int32_t maximum = -128;
    for (uint32_t i = 0; i < elements; ++i) {
      maximum = x[i] > maximum ? x[i] : maximum;
    }
    uint32_t sum = 0;
    for (uint32_t i = 0; i < elements; ++i) {
      sum += UINT32_C(256) >> ((maximum - x[i] + 16) >> 5);
    }
    const uint32_t inverse = parameters->largest * 256 / sum;
    for (uint32_t i = 0; i < elements; ++i) {
      y[i] = (int8_t)((int32_t)(inverse >> ((maximum - x[i] + 16) >> 5)) - 128);
    }
  }
}
