/* Parts of rows are copied word by word. */
#include "tilewright/bytes.h"
#include "tilewright/movement.h"
#include "tilewright/parallel.h"

void tw_concatenate(const tw_concatenate_parameters *parameters, const void *input0,
                    const void *input1, const void *input2, const void *input3, void *output,
                    uint32_t core, uint32_t cores) {
  const int8_t *const inputs[4] = {input0, input1, input2, input3};
  int8_t *start = output; /* of this input's bytes in the first row */
  uint32_t output_row = 0;
  for (uint32_t k = 0; k < 4; ++k) {
    output_row += parameters->row_bytes[k];
  }
  for (uint32_t k = 0; k < 4; ++k) {
    const uint32_t input_row = parameters->row_bytes[k];
    if (input_row == 0) {
      continue;
    }
    /* Cores share the bytes of every input: there may be one row only. */
    const tw_range share = tw_share(parameters->rows * input_row, core, cores);
    const uint32_t row = share.begin / input_row;
    uint32_t column = share.begin - row * input_row;
    int8_t *target = start + row * output_row;
    for (uint32_t i = share.begin; i < share.end;) {
      const uint32_t left = share.end - i;
      const uint32_t run = input_row - column < left ? input_row - column : left;
      tw_copy_rows(target + column, inputs[k] + i, run, 1, 0);
      i += run;
      column = 0;
      target += output_row;
    }
    start += input_row;
  }
}
