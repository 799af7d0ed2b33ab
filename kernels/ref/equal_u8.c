#include "tilewright/binary_loop.h"
#include "tilewright/comparison.h"

static uint8_t equal(uint8_t left, uint8_t right) { return left == right; }

TW_BINARY_KERNEL(tw_equal_u8, uint8_t, uint8_t, equal)
