#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_u8_f32, uint8_t, float, (float))
