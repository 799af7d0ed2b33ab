#include "tilewright/elementary.h"
#include "tilewright/normalization.h"
#include "tilewright/parallel.h"

void tw_row_statistics_f32(const tw_row_statistics_f32_parameters *parameters, const float *input,
                           float *mean, float *inverse, uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t row = share.begin; row < share.end; ++row) {
    const float *x = input + row * elements;
    float sum = 0.0f;
    for (uint32_t i = 0; i < elements; ++i) {
      sum += x[i];
    }
    const float middle = sum / (float)elements;
    float squares = 0.0f;
    for (uint32_t i = 0; i < elements; ++i) {
      const float centred = x[i] - middle;
      squares += centred * centred;
    }
    mean[row] = middle;
    inverse[row] = 1.0f / tw_sqrt(squares / (float)elements + parameters->epsilon);
  }
}
