#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static float maximum(float left, float right) {
  return left > right || left != left ? left : right;
}

TW_BINARY_KERNEL(tw_maximum_f32, float, float, maximum)
