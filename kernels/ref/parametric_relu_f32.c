#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"

static float parametric_relu(float left, float right) { return left < 0.0f ? left * right : left; }

TW_BINARY_KERNEL(tw_parametric_relu_f32, float, float, parametric_relu)
