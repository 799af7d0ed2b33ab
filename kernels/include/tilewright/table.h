/* Unary functions of int8 as tables. */
#ifndef TILEWRIGHT_TABLE_H_
#define TILEWRIGHT_TABLE_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
} tw_table_parameters;

/* output[i] = table[input[i] + 128]; input and output may be the same memory. */
void tw_table(const tw_table_parameters *parameters, const int8_t *input, const int8_t table[256],
              int8_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_TABLE_H_ */
