#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

static uint8_t is_not_zero(int32_t x) { return x != 0; }

TW_CAST_KERNEL(tw_cast_s32_bool, int32_t, uint8_t, is_not_zero)
