#include "tilewright/integer_softmax.h"
#include "tilewright/parallel.h"

void tw_table_softmax_s8(const tw_table_softmax_s8_parameters *parameters, const int8_t *input,
                         const int32_t table[256], int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const uint32_t largest = parameters->largest;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    int32_t maximum = -128;
    for (uint32_t i = 0; i < elements; ++i) {
      maximum = x[i] > maximum ? x[i] : maximum;
    }
    uint64_t sum = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < elements; ++i) {
      const uint32_t e = (uint32_t)table[maximum - x[i]];
      most = e > most ? e : most;
      sum += e;
    }
    if (sum <= UINT32_MAX && (uint64_t)most * largest <= UINT32_MAX) {
      for (uint32_t i = 0; i < elements; ++i) {
        const uint32_t e = (uint32_t)table[maximum - x[i]];
        y[i] = (int8_t)((int32_t)(e * largest / (uint32_t)sum) - 128);
      }
    } else {
      for (uint32_t i = 0; i < elements; ++i) {
        const uint64_t e = (uint64_t)table[maximum - x[i]];
        y[i] = (int8_t)((int32_t)(e * largest / sum) - 128);
      }
    }
  }
}
