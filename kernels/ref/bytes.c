#include "tilewright/bytes.h"

void tw_copy_rows(int8_t *to, const int8_t *from, uint32_t row_bytes, uint32_t rows,
                  uint32_t stride) {
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t i = 0; i < row_bytes; ++i) {
      *to++ = from[i];
    }
    from += stride;
  }
}

void tw_fill_bytes(int8_t *to, int8_t value, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    to[i] = value;
  }
}
