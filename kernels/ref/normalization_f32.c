#include "tilewright/normalization.h"

#include <stddef.h>

#include "tilewright/elementary.h"
#include "tilewright/parallel.h"

void tw_normalization_f32(const tw_normalization_f32_parameters *parameters, const float *input,
                          const float *scale, const float *shift, float *output, uint32_t core,
                          uint32_t cores) {
  const uint32_t channels = parameters->channels;
  const uint32_t inner = parameters->inner;
  const uint32_t elements = channels * inner;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t row = share.begin; row < share.end; ++row) {
    const float *x = input + row * elements;
    float *y = output + row * elements;
    float sum = 0.0f;
    for (uint32_t i = 0; i < elements; ++i) {
      sum += x[i];
    }
    const float mean = sum / (float)elements;
    float squares = 0.0f;
    for (uint32_t i = 0; i < elements; ++i) {
      const float centred = x[i] - mean;
      squares += centred * centred;
    }
    const float variance = squares / (float)elements;
    const float inverse = 1.0f / tw_sqrt(variance + parameters->epsilon);
    const uint32_t first = row % parameters->groups * channels;
    for (uint32_t c = 0; c < channels; ++c) {
      for (uint32_t i = c * inner; i < (c + 1) * inner; ++i) {
        const float scaled = ((x[i] - mean) * inverse) * scale[first + c];
        y[i] = shift != NULL ? scaled + shift[first + c] : scaled;
      }
    }
  }
}
