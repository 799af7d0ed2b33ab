/* Inner products on CORE-V cores: a word of each of four rows of weights meets a word of one input
 * row, 9 instructions for 16 products, or of two, 14 for 32. Rows need not be aligned: an access
 * that crosses a word takes two cycles. A load is never used by the instruction after it. */
#include "tilewright/inner_product.h"

#include "tilewright/hardware_loop.h"

#define VALUES 4u

/* Runs of whole words; what is left of each is added value by value. */

void tw_inner_product(const tw_runs *runs, const int8_t *input, const int8_t *weights,
                      int32_t *sum) {
  const uint32_t pairs = runs->length / (2 * VALUES);
  int32_t total = *sum;
  for (uint32_t run = 0; run < runs->count; ++run) {
    const int8_t *in = input;
    const int8_t *row = weights;
    uint32_t x, y, a, b;
    if (pairs != 0) {
      __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                       "  cv.lw %[x], (%[in]), 4\n"
                       "  cv.lw %[a], (%[row]), 4\n"
                       "  cv.lw %[y], (%[in]), 4\n"
                       "  cv.lw %[b], (%[row]), 4\n"
                       "  cv.sdotsp.b %[total], %[x], %[a]\n"
                       "  cv.sdotsp.b %[total], %[y], %[b]\n"
                       "1:\n" TW_LOOP_END
                       : [x] "=&r"(x), [y] "=&r"(y), [a] "=&r"(a), [b] "=&r"(b),
                         [total] "+r"(total), [in] "+r"(in), [row] "+r"(row)
                       : [pairs] "r"(pairs)
                       : "memory");
    }
    for (uint32_t k = 0; k < runs->length % (2 * VALUES); ++k) {
      total += in[k] * row[k];
    }
    input += runs->input_step;
    weights += runs->weight_step;
  }
  *sum = total;
}

/* One run of TW_BLOCK_OUTPUTS rows of weights. */
static inline void add_run(const int8_t *input, const int8_t *weights, uint32_t weight_stride,
                           uint32_t inner, int32_t sums[TW_BLOCK_OUTPUTS]) {
  const int8_t *weights_1 = weights + weight_stride;
  const int8_t *weights_2 = weights_1 + weight_stride;
  const int8_t *weights_3 = weights_2 + weight_stride;
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  const uint32_t words = inner / VALUES;
  uint32_t x, a, b, c, d;
  if (words != 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[words]", "1f")
                     "  cv.lw %[x], (%[input]), 4\n"
                     "  cv.lw %[a], (%[w0]), 4\n"
                     "  cv.lw %[b], (%[w1]), 4\n"
                     "  cv.lw %[c], (%[w2]), 4\n"
                     "  cv.lw %[d], (%[w3]), 4\n"
                     "  cv.sdotsp.b %[s0], %[x], %[a]\n"
                     "  cv.sdotsp.b %[s1], %[x], %[b]\n"
                     "  cv.sdotsp.b %[s2], %[x], %[c]\n"
                     "  cv.sdotsp.b %[s3], %[x], %[d]\n"
                     "1:\n" TW_LOOP_END
                     : [x] "=&r"(x), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d),
                       [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3),
                       [input] "+r"(input), [w0] "+r"(weights), [w1] "+r"(weights_1),
                       [w2] "+r"(weights_2), [w3] "+r"(weights_3)
                     : [words] "r"(words)
                     : "memory");
  }
  for (uint32_t k = 0; k < inner % VALUES; ++k) {
    const int32_t value = input[k];
    s0 += value * weights[k];
    s1 += value * weights_1[k];
    s2 += value * weights_2[k];
    s3 += value * weights_3[k];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

void tw_inner_products(const tw_runs *runs, const int8_t *input, const int8_t *weights,
                       uint32_t weight_stride, int32_t sums[TW_BLOCK_OUTPUTS]) {
  for (uint32_t run = 0; run < runs->count; ++run) {
    add_run(input + run * runs->input_step, weights + run * runs->weight_step, weight_stride,
            runs->length, sums);
  }
}

/* The same for two inputs. */
static inline void add_run_of_pair(const int8_t *input, const int8_t *second, const int8_t *weights,
                                   uint32_t weight_stride, uint32_t inner,
                                   int32_t sums[2][TW_BLOCK_OUTPUTS]) {
  const int8_t *weights_1 = weights + weight_stride;
  const int8_t *weights_2 = weights_1 + weight_stride;
  const int8_t *weights_3 = weights_2 + weight_stride;
  int32_t s0 = sums[0][0], s1 = sums[0][1], s2 = sums[0][2], s3 = sums[0][3];
  int32_t t0 = sums[1][0], t1 = sums[1][1], t2 = sums[1][2], t3 = sums[1][3];
  const uint32_t words = inner / VALUES;
  uint32_t x, y, a, b, c, d;
  if (words != 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[words]", "1f")
                     "  cv.lw %[x], (%[input]), 4\n"
                     "  cv.lw %[y], (%[second]), 4\n"
                     "  cv.lw %[a], (%[w0]), 4\n"
                     "  cv.lw %[b], (%[w1]), 4\n"
                     "  cv.lw %[c], (%[w2]), 4\n"
                     "  cv.lw %[d], (%[w3]), 4\n"
                     "  cv.sdotsp.b %[s0], %[x], %[a]\n"
                     "  cv.sdotsp.b %[s1], %[x], %[b]\n"
                     "  cv.sdotsp.b %[s2], %[x], %[c]\n"
                     "  cv.sdotsp.b %[s3], %[x], %[d]\n"
                     "  cv.sdotsp.b %[t0], %[y], %[a]\n"
                     "  cv.sdotsp.b %[t1], %[y], %[b]\n"
                     "  cv.sdotsp.b %[t2], %[y], %[c]\n"
                     "  cv.sdotsp.b %[t3], %[y], %[d]\n"
                     "1:\n" TW_LOOP_END
                     : [x] "=&r"(x), [y] "=&r"(y), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c),
                       [d] "=&r"(d), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3),
                       [t0] "+r"(t0), [t1] "+r"(t1), [t2] "+r"(t2), [t3] "+r"(t3),
                       [input] "+r"(input), [second] "+r"(second), [w0] "+r"(weights),
                       [w1] "+r"(weights_1), [w2] "+r"(weights_2), [w3] "+r"(weights_3)
                     : [words] "r"(words)
                     : "memory");
  }
  sums[0][0] = s0;
  sums[0][1] = s1;
  sums[0][2] = s2;
  sums[0][3] = s3;
  sums[1][0] = t0;
  sums[1][1] = t1;
  sums[1][2] = t2;
  sums[1][3] = t3;
  const uint32_t rest = inner % VALUES;
  if (rest != 0) {
    const int8_t *rows[TW_BLOCK_OUTPUTS] = {weights, weights_1, weights_2, weights_3};
    for (uint32_t o = 0; o < TW_BLOCK_OUTPUTS; ++o) {
      for (uint32_t k = 0; k < rest; ++k) {
        sums[0][o] += input[k] * rows[o][k];
        sums[1][o] += second[k] * rows[o][k];
      }
    }
  }
}

void tw_inner_products_of_pair(const tw_runs *runs, const int8_t *input, uint32_t input_stride,
                               const int8_t *weights, uint32_t weight_stride,
                               int32_t sums[2][TW_BLOCK_OUTPUTS]) {
  for (uint32_t run = 0; run < runs->count; ++run) {
    const int8_t *in = input + run * runs->input_step;
    add_run_of_pair(in, in + input_stride, weights + run * runs->weight_step, weight_stride,
                    runs->length, sums);
  }
}
