#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static float divide(float left, float right) { return left / right; }

TW_BINARY_KERNEL(tw_divide_f32, float, float, divide)
