#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_s16_s32, int16_t, int32_t, (int32_t))
