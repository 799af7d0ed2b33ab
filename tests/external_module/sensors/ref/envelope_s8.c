#include "sensors/envelope.h"
#include "tilewright/parallel.h"

void sensors_envelope_s8(const sensors_envelope_s8_parameters *parameters, const int8_t *samples,
                         const int8_t steps[256], int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t window = parameters->window;
  const tw_range share = tw_share(parameters->windows, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    int32_t largest = 0;
    for (uint32_t j = i * window; j < (i + 1) * window; ++j) {
      const int32_t value = samples[j] - parameters->zero_point;
      const int32_t magnitude = value < 0 ? -value : value;
      largest = magnitude > largest ? magnitude : largest;
    }
    output[i] = steps[largest];
  }
}
