#include "tilewright/binary_loop.h"
#include "tilewright/comparison.h"

static uint8_t less(float left, float right) { return left < right; }

TW_BINARY_KERNEL(tw_less_f32, float, uint8_t, less)
