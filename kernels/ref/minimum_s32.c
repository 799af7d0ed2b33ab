#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static int32_t minimum(int32_t left, int32_t right) { return left < right ? left : right; }

TW_BINARY_KERNEL(tw_minimum_s32, int32_t, int32_t, minimum)
