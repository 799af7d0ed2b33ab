#include "tilewright/elementary.h"
#include "tilewright/parallel.h"
#include "tilewright/recurrent_cell.h"

void tw_gru_cell_f32(const tw_gru_cell_f32_parameters *parameters, const float *input,
                     const float *recurrent, const float *state, float *output, uint32_t core,
                     uint32_t cores) {
  const uint32_t hidden = parameters->hidden;
  const tw_range share = tw_share(hidden, core, cores);
  for (uint32_t row = 0; row < parameters->batch; ++row) {
    const float *x = input + row * 3 * hidden;
    const float *h = recurrent + row * 3 * hidden;
    for (uint32_t i = share.begin; i < share.end; ++i) {
      const float update = tw_sigmoid(x[i] + h[i]);
      const float reset = tw_sigmoid(x[hidden + i] + h[hidden + i]);
      const float candidate = tw_tanh(x[2 * hidden + i] + reset * h[2 * hidden + i]);
      output[row * hidden + i] = (1.0f - update) * candidate + update * state[row * hidden + i];
    }
  }
}
