/* Weights of 8, 4 or 2 bits as kernels without a cluster's packed blocks store them: the outputs'
 * rows, each a whole number of bytes, with the first weight in the lowest bits of the first byte,
 * as two's complement. Kernels widen a few at a time. */
#ifndef TILEWRIGHT_NARROW_WEIGHTS_H_
#define TILEWRIGHT_NARROW_WEIGHTS_H_

#include <stdint.h>

/* Bytes of a row of `count` weights. */
static inline uint32_t tw_narrow_row_bytes(uint32_t count, uint32_t bits) {
  return (count * bits + 7) / 8;
}

/* Weight `index` of a row. */
static inline int32_t tw_narrow_weight(const uint8_t *row, uint32_t index, uint32_t bits) {
  const uint32_t position = index * bits;
  const uint32_t raised = (uint32_t)row[position / 8] << (8 - bits - position % 8);
  return (int8_t)(uint8_t)raised >> (8 - bits);
}

/* Writes `rows` rows of `count` weights each, one behind the other, as int8. */
void tw_widen_rows(const uint8_t *stored, uint32_t bits, uint32_t rows, uint32_t count,
                   int8_t *weights);

#endif /* TILEWRIGHT_NARROW_WEIGHTS_H_ */
