/* Products with what a table gives. */
#ifndef TILEWRIGHT_TABLE_PRODUCT_H_
#define TILEWRIGHT_TABLE_PRODUCT_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  int32_t left_zero_point;
  int32_t right_zero_point;
  int32_t scale;
  int32_t bias;
  uint32_t shift;
  int32_t low;
  int32_t high;
} tw_table_product_s8_parameters;

/* With t = table[input[i] + 128], output[i] = clip(((t - left_zero_point) * (other[i] -
 * right_zero_point) * scale + bias) >> shift, low, high). The output may be the memory of the input
 * or of the other operand. */
void tw_table_product_s8(const tw_table_product_s8_parameters *parameters, const int8_t *input,
                         const int8_t table[256], const int8_t *other, int8_t *output,
                         uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_TABLE_PRODUCT_H_ */
