#include "tilewright/binary_loop.h"
#include "tilewright/comparison.h"

static uint8_t equal(int32_t left, int32_t right) { return left == right; }

TW_BINARY_KERNEL(tw_equal_s32, int32_t, uint8_t, equal)
