#include "tilewright/top_k.h"
#include "tilewright/top_k_loop.h"

TW_TOP_K_KERNEL(tw_top_k_s32, int32_t, tw_integer_before)
