/* Tables on CORE-V cores: per four elements a load, 4 extractions, 4 loads from the table, 2 packs
 * and a store, 3 instructions per element. Elements that are loaded one by one would take 11
 * instructions, but 9 accesses: eight cores' conflicts of banks cost more than that. A load is
 * never used by the instruction after it. */
#include "tilewright/table.h"

#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"

/* Two words of elements at a time; `table` points to the entry of 0. */
static void look_up(const int8_t *input, const int8_t *table, int8_t *output, uint32_t pairs) {
  int32_t a, b, c, d, v, w;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                   "  cv.lw %[v], (%[input]), 4\n"
                   "  cv.lw %[w], (%[input]), 4\n"
                   "  cv.extract.b %[a], %[v], 0\n"
                   "  cv.extract.b %[b], %[v], 1\n"
                   "  cv.extract.b %[c], %[v], 2\n"
                   "  cv.extract.b %[d], %[v], 3\n"
                   "  cv.lb %[a], %[a](%[table])\n"
                   "  cv.lb %[b], %[b](%[table])\n"
                   "  cv.lb %[c], %[c](%[table])\n"
                   "  cv.lb %[d], %[d](%[table])\n"
                   "  cv.packlo.b %[v], %[b], %[a]\n"
                   "  cv.packhi.b %[v], %[d], %[c]\n"
                   "  cv.sw %[v], (%[output]), 4\n"
                   "  cv.extract.b %[a], %[w], 0\n"
                   "  cv.extract.b %[b], %[w], 1\n"
                   "  cv.extract.b %[c], %[w], 2\n"
                   "  cv.extract.b %[d], %[w], 3\n"
                   "  cv.lb %[a], %[a](%[table])\n"
                   "  cv.lb %[b], %[b](%[table])\n"
                   "  cv.lb %[c], %[c](%[table])\n"
                   "  cv.lb %[d], %[d](%[table])\n"
                   "  cv.packlo.b %[w], %[b], %[a]\n"
                   "  cv.packhi.b %[w], %[d], %[c]\n"
                   "  cv.sw %[w], (%[output]), 4\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [v] "=&r"(v),
                     [w] "=&r"(w), [input] "+r"(input), [output] "+r"(output)
                   : [table] "r"(table), [pairs] "r"(pairs)
                   : "memory");
}

/* What is no pair of words. */
TW_CALLED_RARELY static void look_up_last(const int8_t *input, const int8_t *table, int8_t *output,
                                          uint32_t elements) {
  for (uint32_t i = elements / 8 * 8; i < elements; ++i) {
    output[i] = table[input[i]];
  }
}

TW_CALLED_OFTEN void tw_table(const tw_table_parameters *parameters, const int8_t *input,
                              const int8_t table[256], int8_t *output, uint32_t core,
                              uint32_t cores) {
  const uint32_t elements = parameters->elements;
  const tw_range share = tw_share(elements / 8, core, cores);
  if (share.begin != share.end) {
    look_up(input + 8 * share.begin, table + 128, output + 8 * share.begin,
            share.end - share.begin);
  }
  if (elements % 8 != 0 && core == cores - 1) {
    look_up_last(input, table + 128, output, elements);
  }
}
