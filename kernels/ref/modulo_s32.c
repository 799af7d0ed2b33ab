#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static int32_t modulo(int32_t left, int32_t right) {
  if (right == 0 || right == -1) {
    return 0;
  }
  const int32_t remainder = left % right;
  return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder;
}

TW_BINARY_KERNEL(tw_modulo_s32, int32_t, int32_t, modulo)
