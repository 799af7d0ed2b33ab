#include "tilewright/elementary.h"
#include "tilewright/parallel.h"
#include "tilewright/recurrent_cell.h"

void tw_lstm_cell_f32(const tw_lstm_cell_f32_parameters *parameters, const float *input,
                      const float *recurrent, const float *cell, float *next_cell, float *output,
                      uint32_t core, uint32_t cores) {
  const uint32_t hidden = parameters->hidden;
  const tw_range share = tw_share(hidden, core, cores);
  for (uint32_t row = 0; row < parameters->batch; ++row) {
    const float *x = input + row * 4 * hidden;
    const float *h = recurrent + row * 4 * hidden;
    for (uint32_t i = share.begin; i < share.end; ++i) {
      const float input_gate = tw_sigmoid(x[i] + h[i]);
      const float output_gate = tw_sigmoid(x[hidden + i] + h[hidden + i]);
      const float forget_gate = tw_sigmoid(x[2 * hidden + i] + h[2 * hidden + i]);
      const float cell_gate = tw_tanh(x[3 * hidden + i] + h[3 * hidden + i]);
      const float next = forget_gate * cell[row * hidden + i] + input_gate * cell_gate;
      next_cell[row * hidden + i] = next;
      output[row * hidden + i] = output_gate * tw_tanh(next);
    }
  }
}
