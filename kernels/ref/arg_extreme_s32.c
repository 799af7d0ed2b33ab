#include "tilewright/arg_extreme.h"
#include "tilewright/arg_extreme_loop.h"

TW_ARG_EXTREME_KERNEL(tw_arg_extreme_s32, int32_t, tw_integer_beats)
