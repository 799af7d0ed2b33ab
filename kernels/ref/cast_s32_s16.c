#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_s32_s16, int32_t, int16_t, (int16_t))
