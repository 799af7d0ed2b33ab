/* Quotients of products that mostly fit 32 bits; no kernel itself but what kernels share. */
#ifndef TILEWRIGHT_INTEGER_QUOTIENT_H_
#define TILEWRIGHT_INTEGER_QUOTIENT_H_

#include <stdint.h>

/* left * right / divisor towards zero, in 64 bits only where that is needed. */
static inline int64_t tw_product_quotient(int32_t left, int32_t right, int32_t divisor) {
  const int64_t product = (int64_t)left * right;
  const int32_t narrow = (int32_t)product;
  return narrow == product ? narrow / divisor : product / divisor;
}

#endif /* TILEWRIGHT_INTEGER_QUOTIENT_H_ */
