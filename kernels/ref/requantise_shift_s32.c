#include "tilewright/requantise_shift.h"
#include "tilewright/requantise_shift_loop.h"

TW_REQUANTISE_SHIFT_KERNEL(tw_requantise_shift_s32, int32_t)
