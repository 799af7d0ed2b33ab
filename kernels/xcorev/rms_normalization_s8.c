/* Root-mean-square normalisation on CORE-V cores. Cores share rows; if there are fewer rows than
 * cores, all of them find each row's factor and share its elements, 9 instructions each. */
#include "kernels/xcorev/row_statistics.h"
#include "tilewright/arithmetic.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
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

void tw_rms_normalization_s8(const tw_rms_normalization_s8_parameters *parameters,
                             const int8_t *input, const int16_t *gamma, int8_t *output,
                             uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const int32_t zero_point = parameters->input_zero_point;
  const uint64_t epsilon = (uint64_t)parameters->epsilon_high << 32 | parameters->epsilon_low;
  const int few = parameters->rows < cores;
  const tw_range rows =
      few ? tw_share(parameters->rows, 0, 1) : tw_share(parameters->rows, core, cores);
  const tw_range share = few ? tw_share(elements, core, cores) : tw_share(elements, 0, 1);
  if (share.begin == share.end) {
    return;
  }
  for (uint32_t r = rows.begin; r < rows.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    uint32_t inverse_shift = 6;
    const uint32_t sum = sum_of_squares(x, elements, zero_point);
    const int32_t inverse =
        sum == 0 ? 0 : inverse_root(((uint64_t)sum << 16) + epsilon, &inverse_shift);
    const uint32_t pairs = (share.end - share.begin) / 2;
    if (pairs != 0) {
      scale_pairs(parameters, x + share.begin, gamma + share.begin, y + share.begin, inverse,
                  inverse_shift, pairs);
    }
    if ((share.end - share.begin) % 2 != 0) {
      const uint32_t i = share.end - 1;
      const int32_t t = ((x[i] - zero_point) * inverse + tw_half(inverse_shift)) >> inverse_shift;
      y[i] = (int8_t)tw_clip((t * gamma[i] + parameters->bias) >> parameters->shift, -128, 127);
    }
  }
}
