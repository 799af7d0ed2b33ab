#include "tilewright/arg_extreme.h"
#include "tilewright/arg_extreme_loop.h"

/* NaN beats any number. */
static int beats(float value, float best, uint32_t smallest) {
  if (value != value) {
    return best == best;
  }
  return smallest ? value < best : value > best;
}

TW_ARG_EXTREME_KERNEL(tw_arg_extreme_f32, float, beats)
