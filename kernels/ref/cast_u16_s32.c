#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_u16_s32, uint16_t, int32_t, (int32_t))
