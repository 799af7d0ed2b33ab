/* Moving bytes within a memory: no kernels themselves but what kernels share. Addresses and sizes
 * need not be aligned. */
#ifndef TILEWRIGHT_BYTES_H_
#define TILEWRIGHT_BYTES_H_

#include <stdint.h>

/* Copies `rows` rows of `row_bytes` bytes, `stride` bytes apart, one after the other. */
void tw_copy_rows(int8_t *to, const int8_t *from, uint32_t row_bytes, uint32_t rows,
                  uint32_t stride);

void tw_fill_bytes(int8_t *to, int8_t value, uint32_t count);

#endif /* TILEWRIGHT_BYTES_H_ */
