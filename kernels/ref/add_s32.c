#include "tilewright/binary.h"
#include "tilewright/binary_loop.h"

/* Unsigned, because that may wrap. */
static int32_t add(int32_t left, int32_t right) {
  return (int32_t)((uint32_t)left + (uint32_t)right);
}

TW_BINARY_KERNEL(tw_add_s32, int32_t, int32_t, add)
