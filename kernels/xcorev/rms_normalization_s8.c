/* Root-mean-square normalisation on CORE-V cores. Cores share rows; if there are fewer rows than
 * cores, all of them find each row's factor and share its elements, 9 instructions each. */
#include "kernels/xcorev/row_statistics.h"
#include "tilewright/arithmetic.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"
#include "tilewright/rms_normalization.h"

/* Sum of (x - zero_point)^2 as sum of x^2 - 2 * zero_point * x + zero_point^2, which is exact. */
static inline uint32_t sum_of_squares(const tw_rms_normalization_s8_parameters *parameters,
                                      row_sums sums) {
  const int32_t zero_point = parameters->input_zero_point;
  return (uint32_t)(sums.squares - 2 * zero_point * sums.values) +
         parameters->elements * (uint32_t)(zero_point * zero_point);
}

static inline uint64_t with_epsilon(const tw_rms_normalization_s8_parameters *parameters,
                                    uint32_t sum) {
  const uint64_t epsilon = (uint64_t)parameters->epsilon_high << 32 | parameters->epsilon_low;
  return ((uint64_t)sum << 16) + epsilon;
}

/* What elements are multiplied with: inverse / 2^shift. */
typedef struct {
  int32_t inverse;
  uint32_t shift;
} row_factor;

__attribute__((always_inline)) static inline row_factor factor_of(
    const tw_rms_normalization_s8_parameters *parameters, const int8_t *row) {
  row_factor factor = {0, 6}; /* of a row of zeros */
  const uint32_t sum = sum_of_squares(parameters, sums_of_row(row, parameters->elements));
  if (sum != 0) {
    factor.inverse = inverse_root(total_of(with_epsilon(parameters, sum)), &factor.shift);
  }
  return factor;
}

/* Two elements at a time, so that no load is used by the instruction after it. */
static void scale_pairs(const tw_rms_normalization_s8_parameters *parameters, const int8_t *x,
                        const int16_t *gamma, int8_t *y, row_factor factor, uint32_t pairs) {
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
                   : [pairs] "r"(pairs), [inverse] "r"(factor.inverse),
                     [inverse_shift] "r"(factor.shift), [rounding] "r"(tw_half(factor.shift)),
                     [zero_point] "r"(parameters->input_zero_point),
                     [bias] "r"(parameters->bias), [shift] "r"(parameters->shift)
                   : "memory");
}

static inline int8_t scale_single(const tw_rms_normalization_s8_parameters *parameters, int32_t x,
                                  int32_t gamma, row_factor factor) {
  const int32_t centred = x - parameters->input_zero_point;
  const int32_t t = (centred * factor.inverse + tw_half(factor.shift)) >> factor.shift;
  return (int8_t)tw_clip((t * gamma + parameters->bias) >> parameters->shift, -128, 127);
}

/* Rows of any length: cores share rows, or elements if there are fewer rows than cores. */
__attribute__((noinline)) static void normalize_rows(
    const tw_rms_normalization_s8_parameters *parameters, const int8_t *input, const int16_t *gamma,
    int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const uint32_t rows = parameters->rows;
  const int few = rows < cores;
  const tw_range share = tw_share(few ? elements : rows, core, cores);
  const uint32_t begin = few ? share.begin : 0;
  const uint32_t count = few ? share.end - begin : elements;
  const uint32_t last = few ? rows : share.end;
  for (uint32_t row = few ? 0 : share.begin; row < last; ++row) {
    const int8_t *const x = input + row * elements;
    int8_t *const y = output + row * elements;
    const row_factor factor = factor_of(parameters, x);
    if (count >= 2) {
      scale_pairs(parameters, x + begin, gamma + begin, y + begin, factor, count / 2);
    }
    if (count % 2 != 0) {
      const uint32_t i = begin + count - 1;
      y[i] = scale_single(parameters, x[i], gamma[i], factor);
    }
  }
}

/* Some pairs of one row. */
static inline void scale_share(const tw_rms_normalization_s8_parameters *parameters,
                               const int8_t *input, const int16_t *gamma, int8_t *output,
                               row_factor factor, tw_range pairs) {
  const uint32_t begin = 2 * pairs.begin;
  scale_pairs(parameters, input + begin, gamma + begin, output + begin, factor,
              pairs.end - pairs.begin);
}

TW_CALLED_RARELY static void normalize_unusual(const tw_rms_normalization_s8_parameters *parameters,
                                               const int8_t *input, const int16_t *gamma,
                                               int8_t *output, tw_range pairs) {
  scale_share(parameters, input, gamma, output, factor_of(parameters, input), pairs);
}

/* One row of whole pairs of words, whose pairs of elements the cores share, is that of a language
 * model's step. */
TW_CALLED_OFTEN void tw_rms_normalization_s8(const tw_rms_normalization_s8_parameters *parameters,
                                             const int8_t *input, const int16_t *gamma,
                                             int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t elements = parameters->elements;
  if (parameters->rows != 1 || elements % 8 != 0) {
    normalize_rows(parameters, input, gamma, output, core, cores);
    return;
  }
  const tw_range pairs = tw_share(elements / 2, core, cores);
  if (pairs.begin == pairs.end) {
    return;
  }
  const uint32_t sum = sum_of_squares(parameters, sums_of_eights(input, elements / 8));
  const uint64_t total = with_epsilon(parameters, sum);
  const int32_t drop = dropped_bits((uint32_t)(total >> 32), (uint32_t)total);
  if (sum == 0 || !is_usual(drop)) {
    normalize_unusual(parameters, input, gamma, output, pairs);
    return;
  }
  row_factor factor;
  factor.inverse =
      inverse_root(usual_total((uint32_t)(total >> 32), (uint32_t)total, drop), &factor.shift);
  scale_share(parameters, input, gamma, output, factor, pairs);
}
