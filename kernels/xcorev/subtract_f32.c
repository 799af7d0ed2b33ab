#include "kernels/xcorev/arithmetic_f32.h"
#include "tilewright/binary.h"

ARITHMETIC_KERNEL_F32(tw_subtract_f32, -)
