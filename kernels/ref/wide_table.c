#include "tilewright/wide_table.h"

#include "tilewright/parallel.h"

void tw_wide_table(const tw_wide_table_parameters *parameters, const int8_t *input,
                   const int32_t table[256], int32_t *output, uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->elements, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    output[i] = table[input[i] + 128];
  }
}
