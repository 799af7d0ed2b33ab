#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_s32_u8, int32_t, uint8_t, (uint8_t))
