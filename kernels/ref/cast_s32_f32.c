#include "tilewright/cast.h"
#include "tilewright/cast_loop.h"

TW_CAST_KERNEL(tw_cast_s32_f32, int32_t, float, (float))
