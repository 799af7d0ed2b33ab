#include "tilewright/binary_function.h"
#include "tilewright/binary_loop.h"
#include "tilewright/power.h"

TW_BINARY_KERNEL(tw_power_f32, float, float, tw_power)
