/* Root-mean-square normalisation on CORE-V cores. Cores share rows; if there are fewer rows than
 * cores, all of them find each row's factor and share its elements, 9 instructions each. */
#include "kernels/xcorev/row_statistics.h"
#include "tilewright/arithmetic.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"
#include "tilewright/rms_normalization.h"

/* Sum of (x - zero_point)^2 as sum of x^2 - 2 * zero_point * x + zero_point^2, which is exact. */
static uint32_t sum_of_squares(const int8_t *x, uint32_t elements, int32_t zero_point) {
  const row_sums sums = sums_of_row(x, elements);
  return (uint32_t)(sums.squares - 2 * zero_point * sums.values) +
         elements * (uint32_t)(zero_point * zero_point);
}

/* Two elements at a time, so that no load is used by the instruction after it. */
static void scale_pairs(const tw_rms_normalization_s8_parameters *parameters, const int8_t *x,
                        const int16_t *gamma, int8_t *y, int32_t inverse, uint32_t inverse_shift,
                        uint32_t pairs) {
  int32_t a, b, g, h;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                   "  cv.lb %[a], (%[x]), 1\n"
                   "  cv.lb %[b], (%[x]), 1\n"
                   "  cv.lh %[g], (%[gamma]), 2\n"
                   "  cv.lh %[h], (%[gamma]), 2\n"
                   "  sub %[a], %[a], %[zero_point]\n"
                   "  sub %[b], %[b], %[zero_point]\n"
                   "  mul %[a], %[a], %[inverse]\n"
                   "  mul %[b], %[b], %[inverse]\n"
                   "  cv.addnr %[a], %[rounding], %[inverse_shift]\n"
                   "  cv.addnr %[b], %[rounding], %[inverse_shift]\n"
                   "  mul %[a], %[a], %[g]\n"
                   "  mul %[b], %[b], %[h]\n"
                   "  cv.addnr %[a], %[bias], %[shift]\n"
                   "  cv.addnr %[b], %[bias], %[shift]\n"
                   "  cv.clip %[a], %[a], 8\n"
                   "  cv.clip %[b], %[b], 8\n"
                   "  cv.sb %[a], (%[y]), 1\n"
                   "  cv.sb %[b], (%[y]), 1\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [g] "=&r"(g), [h] "=&r"(h), [x] "+r"(x),
                     [gamma] "+r"(gamma), [y] "+r"(y)
                   : [pairs] "r"(pairs), [inverse] "r"(inverse),
                     [inverse_shift] "r"(inverse_shift), [rounding] "r"(tw_half(inverse_shift)),
                     [zero_point] "r"(parameters->input_zero_point),
                     [bias] "r"(parameters->bias), [shift] "r"(parameters->shift)
                   : "memory");
}

TW_CALLED_RARELY static void scale_single(const tw_rms_normalization_s8_parameters *parameters,
                                          const int8_t *x, const int16_t *gamma, int8_t *y,
                                          int32_t inverse, uint32_t inverse_shift) {
  const int32_t centred = *x - parameters->input_zero_point;
  const int32_t t = (centred * inverse + tw_half(inverse_shift)) >> inverse_shift;
  *y = (int8_t)tw_clip((t * *gamma + parameters->bias) >> parameters->shift, -128, 127);
}

/* Elements [begin, begin + count) of a row; a function of its own, for the sake of registers. */
TW_CALLED_OFTEN __attribute__((noinline)) static void normalize(
    const tw_rms_normalization_s8_parameters *parameters, const int8_t *row, const int16_t *gamma,
    int8_t *output, uint32_t begin, uint32_t count) {
  uint32_t inverse_shift = 6;
  int32_t inverse = 0; /* of a row of zeros */
  const uint32_t sum = sum_of_squares(row, parameters->elements, parameters->input_zero_point);
  if (sum != 0) {
    const uint64_t epsilon = (uint64_t)parameters->epsilon_high << 32 | parameters->epsilon_low;
    inverse = inverse_root(((uint64_t)sum << 16) + epsilon, &inverse_shift);
  }
  row += begin;
  gamma += begin;
  output += begin;
  if (count >= 2) {
    scale_pairs(parameters, row, gamma, output, inverse, inverse_shift, count / 2);
  }
  if (count % 2 != 0) {
    const uint32_t last = count - 1;
    scale_single(parameters, row + last, gamma + last, output + last, inverse, inverse_shift);
  }
}

TW_CALLED_OFTEN void tw_rms_normalization_s8(const tw_rms_normalization_s8_parameters *parameters,
                                             const int8_t *input, const int16_t *gamma,
                                             int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const uint32_t rows = parameters->rows;
  const int few = rows < cores;
  const tw_range share = tw_share(few ? elements : rows, core, cores);
  if (share.begin == share.end) {
    return;
  }
  const uint32_t begin = few ? share.begin : 0;
  const uint32_t count = few ? share.end - begin : elements;
  const uint32_t last = few ? rows : share.end;
  for (uint32_t row = few ? 0 : share.begin; row < last; ++row) {
    normalize(parameters, input + row * elements, gamma, output + row * elements, begin, count);
  }
}
