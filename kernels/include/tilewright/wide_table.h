/* Unary functions of int8 with results in int32, as tables. */
#ifndef TILEWRIGHT_WIDE_TABLE_H_
#define TILEWRIGHT_WIDE_TABLE_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
} tw_wide_table_parameters;

/* output[i] = table[input[i] + 128]. */
void tw_wide_table(const tw_wide_table_parameters *parameters, const int8_t *input,
                   const int32_t table[256], int32_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_WIDE_TABLE_H_ */
