/* Layer, group and instance normalisation on CORE-V cores. With d = elements * x - sum, a row's
 *
 *     t = (d * inverse + rounding) >> shift = (x * factor + offset) >> shift
 *
 * in 32 bits if the sum before the shift fits, which it does in rows of up to 128 elements and in
 * most longer ones; overflows of factor and offset cancel. That makes 9 instructions per element of
 * a layer normalisation. Other rows are computed with 64 bits. */
#include "tilewright/normalization.h"

#include "kernels/xcorev/row_statistics.h"
#include "tilewright/arithmetic.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"

/* What makes a row's t of its elements. */
typedef struct {
  int32_t sum;
  int32_t inverse;
  uint32_t shift;
  int64_t rounding;
} row_constants;

/* Pairs of elements with a scale and a bias each. A load is never used by the instruction after
 * it. */
static void scale_pairs(const row_constants *row, uint32_t elements, uint32_t output_shift,
                        const int8_t *x, const int16_t *scale, const int32_t *bias, int8_t *y) {
  const uint32_t factor = elements * (uint32_t)row->inverse;
  const uint32_t offset = (uint32_t)row->rounding - (uint32_t)row->sum * (uint32_t)row->inverse;
  int32_t a, b, g, h, e, f;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                   "  cv.lb %[a], (%[x]), 1\n"
                   "  cv.lb %[b], (%[x]), 1\n"
                   "  cv.lh %[g], (%[scale]), 2\n"
                   "  cv.lh %[h], (%[scale]), 2\n"
                   "  cv.lw %[e], (%[bias]), 4\n"
                   "  cv.lw %[f], (%[bias]), 4\n"
                   "  mul %[a], %[a], %[factor]\n"
                   "  mul %[b], %[b], %[factor]\n"
                   "  cv.addnr %[a], %[offset], %[shift]\n"
                   "  cv.addnr %[b], %[offset], %[shift]\n"
                   "  mul %[a], %[a], %[g]\n"
                   "  mul %[b], %[b], %[h]\n"
                   "  cv.addnr %[a], %[e], %[output_shift]\n"
                   "  cv.addnr %[b], %[f], %[output_shift]\n"
                   "  cv.clip %[a], %[a], 8\n"
                   "  cv.clip %[b], %[b], 8\n"
                   "  cv.sb %[a], (%[y]), 1\n"
                   "  cv.sb %[b], (%[y]), 1\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [g] "=&r"(g), [h] "=&r"(h), [e] "=&r"(e),
                     [f] "=&r"(f), [x] "+r"(x), [scale] "+r"(scale), [bias] "+r"(bias), [y] "+r"(y)
                   : [pairs] "r"(elements / 2), [factor] "r"(factor), [offset] "r"(offset),
                     [shift] "r"(row->shift), [output_shift] "r"(output_shift)
                   : "memory");
}

/* Elements [begin, end) of a row, which have one scale and bias. */
static void scale_run(const row_constants *row, uint32_t elements, uint32_t output_shift,
                      const int8_t *x, int32_t scale, int32_t bias, uint32_t begin, uint32_t end,
                      int8_t *y) {
  for (uint32_t i = begin; i < end; ++i) {
    const int32_t centred = (int32_t)elements * x[i] - row->sum;
    const int32_t t = (int32_t)(((int64_t)centred * row->inverse + row->rounding) >> row->shift);
    y[i] = (int8_t)tw_clip((t * scale + bias) >> output_shift, -128, 127);
  }
}

/* Whether no x of int8 makes the sum before the shift leave int32. */
static int fits(const row_constants *row, uint32_t elements) {
  const uint64_t largest = (uint64_t)(255 * elements) * (uint64_t)row->inverse;
  return row->shift < 32 && largest + (uint64_t)row->rounding < UINT64_C(1) << 31;
}

void tw_normalization_s8(const tw_normalization_s8_parameters *parameters, const int8_t *input,
                         const int16_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                         uint32_t cores) {
  const uint32_t channels = parameters->channels;
  const uint32_t inner = parameters->inner;
  const uint32_t elements = channels * inner;
  const uint64_t epsilon = (uint64_t)parameters->epsilon_high << 32 | parameters->epsilon_low;
  const tw_range share = tw_share(parameters->rows, core, cores);
  for (uint32_t r = share.begin; r < share.end; ++r) {
    const int8_t *x = input + r * elements;
    int8_t *y = output + r * elements;
    const row_sums sums = sums_of_row(x, elements);
    const uint64_t spread = (uint64_t)elements * (uint32_t)sums.squares -
                            (uint64_t)((int64_t)sums.values * sums.values);
    row_constants row = {.sum = sums.values};
    uint32_t inverse_shift = 6;
    if (spread != 0) {
      row.inverse = inverse_root(total_of((spread << 16) + epsilon), &inverse_shift);
    }
    row.shift = inverse_shift + parameters->root_bits;
    row.rounding = row.shift > 0 ? INT64_C(1) << (row.shift - 1) : 0;
    const uint32_t first = r % parameters->groups * channels;
    uint32_t c = 0;
    if (inner == 1 && channels >= 2 && fits(&row, elements)) {
      scale_pairs(&row, elements, parameters->shift, x, scale + first, bias + first, y);
      c = channels / 2 * 2;
    }
    for (; c < channels; ++c) {
      scale_run(&row, elements, parameters->shift, x, scale[first + c], bias[first + c], c * inner,
                (c + 1) * inner, y);
    }
  }
}
