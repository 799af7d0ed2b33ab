#include "tilewright/rounded_divide.h"

#include "tilewright/binary_loop.h"

static int32_t divide(const tw_rounded_divide_s32_parameters *parameters, int32_t left,
                      int32_t right) {
  const int64_t dividend = (int64_t)left * (int64_t)parameters->factor;
  const int64_t divisor = (int64_t)right * parameters->scale + parameters->offset;
  if (divisor == 0) {
    return 0;
  }
  const int64_t half = divisor >> 1;
  return (int32_t)((dividend < 0 ? dividend - half : dividend + half) / divisor);
}

TW_PARAMETRIC_BINARY_KERNEL(tw_rounded_divide_s32, int32_t, int32_t, divide)
