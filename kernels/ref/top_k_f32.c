#include "tilewright/top_k.h"
#include "tilewright/top_k_loop.h"

/* As tw_integer_before; NaN comes before any number. */
static int before(float a, float b, uint32_t smallest) {
  if (a != a || b != b) {
    return a != a ? (b != b ? -1 : 1) : 0;
  }
  return a == b ? -1 : (smallest ? a < b : a > b);
}

TW_TOP_K_KERNEL(tw_top_k_f32, float, before)
