#include "tilewright/binary_loop.h"
#include "tilewright/comparison.h"

static uint8_t conjunction(uint8_t left, uint8_t right) { return (uint8_t)(left & right); }

TW_BINARY_KERNEL(tw_and_u8, uint8_t, uint8_t, conjunction)
