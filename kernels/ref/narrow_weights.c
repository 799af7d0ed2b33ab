#include "tilewright/narrow_weights.h"

/* The weight in the lowest bits, with its sign. */
static inline int8_t widen(uint32_t byte, uint32_t bits) {
  return (int8_t)((int8_t)(uint8_t)(byte << (8 - bits)) >> (8 - bits));
}

void tw_widen_rows(const uint8_t *stored, uint32_t bits, uint32_t rows, uint32_t count,
                   int8_t *weights) {
  for (uint32_t row = 0; row < rows; ++row) {
    const int8_t *end = weights + count;
    while (weights != end) {
      uint32_t byte = *stored++;
      for (uint32_t i = 0; i < 8 / bits && weights != end; ++i) {
        *weights++ = widen(byte, bits);
        byte >>= bits;
      }
    }
  }
}
