/* One step of recurrent layers, behind the products with their weights. Sigmoid and tanh are those
 * of elementary.h. */
#ifndef TILEWRIGHT_RECURRENT_CELL_H_
#define TILEWRIGHT_RECURRENT_CELL_H_

#include <stdint.h>

typedef struct {
  uint32_t batch;
  uint32_t hidden;
} tw_lstm_cell_f32_parameters;

/* input, recurrent: [batch][4][hidden], what the gates get from the layer's input and from its last
 * output; input, output, forget and cell gate, in this order. With a = input + recurrent of a gate:
 *
 *   next_cell = sigmoid(a_forget) * cell + sigmoid(a_input) * tanh(a_cell)
 *   output = sigmoid(a_output) * tanh(next_cell)
 *
 * cell and next_cell, [batch][hidden], may be the same memory. */
void tw_lstm_cell_f32(const tw_lstm_cell_f32_parameters *parameters, const float *input,
                      const float *recurrent, const float *cell, float *next_cell, float *output,
                      uint32_t core, uint32_t cores);

typedef struct {
  uint32_t batch;
  uint32_t hidden;
} tw_gru_cell_f32_parameters;

/* input, recurrent: [batch][3][hidden], as above: update, reset and hidden gate.
 *
 *   reset = sigmoid(input_reset + recurrent_reset)
 *   update = sigmoid(input_update + recurrent_update)
 *   hidden = tanh(input_hidden + reset * recurrent_hidden)
 *   output = (1 - update) * hidden + update * state
 *
 * state and output, [batch][hidden], may be the same memory. */
void tw_gru_cell_f32(const tw_gru_cell_f32_parameters *parameters, const float *input,
                     const float *recurrent, const float *state, float *output, uint32_t core,
                     uint32_t cores);

#endif /* TILEWRIGHT_RECURRENT_CELL_H_ */
