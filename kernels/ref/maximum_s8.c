#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static int8_t maximum(int8_t left, int8_t right) { return left > right ? left : right; }

TW_BINARY_KERNEL(tw_maximum_s8, int8_t, int8_t, maximum)
