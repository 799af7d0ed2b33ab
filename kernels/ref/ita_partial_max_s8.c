#include "tilewright/integer_softmax.h"
#include "tilewright/parallel.h"

void tw_ita_partial_max_s8(const tw_ita_partial_max_s8_parameters *parameters, const int8_t *input,
                           int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const uint32_t group = parameters->group;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    int32_t maximum = -128;
    uint32_t sum = 0;
    uint32_t end;
    for (uint32_t start = 0; start < elements; start = end) {
      end = elements - start < group ? elements : start + group;
      int32_t raised = maximum;
      for (uint32_t i = start; i < end; ++i) {
        raised = x[i] > raised ? x[i] : raised;
      }
      if (raised > maximum) {
        sum >>= (raised - maximum + 16) >> 5;
        maximum = raised;
      }
      for (uint32_t i = start; i < end; ++i) {
        sum += UINT32_C(256) >> ((maximum - x[i] + 16) >> 5);
      }
    }
    const uint32_t inverse = parameters->largest * 256 / sum;
    for (uint32_t i = 0; i < elements; ++i) {
      y[i] = (int8_t)((int32_t)(inverse >> ((maximum - x[i] + 16) >> 5)) - 128);
    }
  }
}
