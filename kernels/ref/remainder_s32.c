#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static int32_t remainder_of(int32_t left, int32_t right) {
  return right == 0 || right == -1 ? 0 : left % right;
}

TW_BINARY_KERNEL(tw_remainder_s32, int32_t, int32_t, remainder_of)
