#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static int32_t divide(int32_t left, int32_t right) {
  if (right == 0) {
    return 0;
  }
  return right == -1 ? (int32_t)(0u - (uint32_t)left) : left / right;
}

TW_BINARY_KERNEL(tw_divide_s32, int32_t, int32_t, divide)
