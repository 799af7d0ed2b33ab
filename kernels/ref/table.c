#include "tilewright/table.h"

#include "tilewright/parallel.h"

void tw_table(const tw_table_parameters *parameters, const int8_t *input, const int8_t table[256],
              int8_t *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = table[input[i] + 128];
  }
}
