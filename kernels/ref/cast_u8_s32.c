#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_u8_s32, uint8_t, int32_t, (int32_t))
