#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

static uint8_t is_not_zero(float x) { return x != 0.0f; }

TW_CAST_KERNEL(tw_cast_f32_bool, float, uint8_t, is_not_zero)
