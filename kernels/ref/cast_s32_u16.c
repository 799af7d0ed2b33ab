#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_s32_u16, int32_t, uint16_t, (uint16_t))
