/* Products with what a table gives, on CORE-V cores: per four elements 2 loads of words, 8
 * extractions, 4 loads from the table, 8 subtractions, 8 mul, 4 each of cv.addnr (add and shift)
 * and cv.clip, 2 packs, 2 limits and a store, 43 instructions. Bytes come in words, because cores
 * that load them one by one meet in the same banks. */
#include "tilewright/table_product.h"

#include "tilewright/arithmetic.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"

/* Elements of a step; shares begin at multiples of them. */
#define QUAD 4u

/* `table` points to the entry of 0. */
__attribute__((always_inline)) static inline void compute_quads(
    const tw_table_product_s8_parameters *p, const int8_t *input, const int8_t *table,
    const int8_t *other, int8_t *output, uint32_t quads) {
  int32_t a, b, c, d, e, f, g, h;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[quads]", "1f")
                   "  cv.lw %[d], (%[input]), 4\n"
                   "  cv.lw %[h], (%[other]), 4\n"
                   "  cv.extract.b %[a], %[d], 0\n"
                   "  cv.extract.b %[b], %[d], 1\n"
                   "  cv.extract.b %[c], %[d], 2\n"
                   "  cv.extract.b %[d], %[d], 3\n"
                   "  cv.lb %[a], %[a](%[table])\n"
                   "  cv.lb %[b], %[b](%[table])\n"
                   "  cv.lb %[c], %[c](%[table])\n"
                   "  cv.lb %[d], %[d](%[table])\n"
                   "  cv.extract.b %[e], %[h], 0\n"
                   "  cv.extract.b %[f], %[h], 1\n"
                   "  cv.extract.b %[g], %[h], 2\n"
                   "  cv.extract.b %[h], %[h], 3\n"
                   "  sub %[a], %[a], %[left_zero]\n"
                   "  sub %[b], %[b], %[left_zero]\n"
                   "  sub %[c], %[c], %[left_zero]\n"
                   "  sub %[d], %[d], %[left_zero]\n"
                   "  sub %[e], %[e], %[right_zero]\n"
                   "  sub %[f], %[f], %[right_zero]\n"
                   "  sub %[g], %[g], %[right_zero]\n"
                   "  sub %[h], %[h], %[right_zero]\n"
                   "  mul %[a], %[a], %[e]\n"
                   "  mul %[b], %[b], %[f]\n"
                   "  mul %[c], %[c], %[g]\n"
                   "  mul %[d], %[d], %[h]\n"
                   "  mul %[a], %[a], %[scale]\n"
                   "  mul %[b], %[b], %[scale]\n"
                   "  mul %[c], %[c], %[scale]\n"
                   "  mul %[d], %[d], %[scale]\n"
                   "  cv.addnr %[a], %[bias], %[shift]\n"
                   "  cv.addnr %[b], %[bias], %[shift]\n"
                   "  cv.addnr %[c], %[bias], %[shift]\n"
                   "  cv.addnr %[d], %[bias], %[shift]\n"
                   "  cv.clip %[a], %[a], 8\n"
                   "  cv.clip %[b], %[b], 8\n"
                   "  cv.clip %[c], %[c], 8\n"
                   "  cv.clip %[d], %[d], 8\n"
                   "  cv.packlo.b %[a], %[b], %[a]\n"
                   "  cv.packhi.b %[a], %[d], %[c]\n"
                   "  cv.max.sc.b %[a], %[a], %[low]\n"
                   "  cv.min.sc.b %[a], %[a], %[high]\n"
                   "  cv.sw %[a], (%[output]), 4\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e),
                     [f] "=&r"(f), [g] "=&r"(g), [h] "=&r"(h), [input] "+r"(input),
                     [other] "+r"(other), [output] "+r"(output)
                   : [table] "r"(table), [quads] "r"(quads), [left_zero] "r"(p->left_zero_point),
                     [right_zero] "r"(p->right_zero_point), [scale] "r"(p->scale),
                     [bias] "r"(p->bias), [shift] "r"(p->shift), [low] "r"(p->low),
                     [high] "r"(p->high)
                   : "memory");
}

__attribute__((always_inline)) static inline void compute_share(
    const tw_table_product_s8_parameters *p, const int8_t *input, const int8_t *table,
    const int8_t *other, int8_t *output, tw_range quads) {
  const uint32_t begin = quads.begin * QUAD;
  if (quads.begin != quads.end) {
    compute_quads(p, input + begin, table, other + begin, output + begin, quads.end - quads.begin);
  }
}

/* Any number of elements: the last core computes what is no quad. */
TW_CALLED_RARELY static void compute_any(const tw_table_product_s8_parameters *p,
                                         const int8_t *input, const int8_t *table,
                                         const int8_t *other, int8_t *output, uint32_t core,
                                         uint32_t cores) {
  compute_share(p, input, table, other, output, tw_share(p->elements / QUAD, core, cores));
  if (core != cores - 1) {
    return;
  }
  for (uint32_t i = p->elements / QUAD * QUAD; i < p->elements; ++i) {
    const int32_t product =
        (table[input[i]] - p->left_zero_point) * (other[i] - p->right_zero_point);
    output[i] = (int8_t)tw_clip((product * p->scale + p->bias) >> p->shift, p->low, p->high);
  }
}

TW_CALLED_OFTEN void tw_table_product_s8(const tw_table_product_s8_parameters *parameters,
                                         const int8_t *input, const int8_t table[256],
                                         const int8_t *other, int8_t *output, uint32_t core,
                                         uint32_t cores) {
  table += 128;
  if (parameters->elements % QUAD != 0) {
    compute_any(parameters, input, table, other, output, core, cores);
    return;
  }
  compute_share(parameters, input, table, other, output,
                tw_share(parameters->elements / QUAD, core, cores));
}
