#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static float minimum(float left, float right) {
  return left < right || left != left ? left : right;
}

TW_BINARY_KERNEL(tw_minimum_f32, float, float, minimum)
