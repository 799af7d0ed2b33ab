/* Words of four bytes: load, exclusive or, store, of two at a time so that no load is waited for.
 */
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/quantize.h"

#define WORD 4u
#define PAIR (2u * WORD)

void tw_recode(const tw_recode_parameters *parameters, const void *input, void *output,
               uint32_t core, uint32_t cores) {
  const uint8_t *source = input;
  uint8_t *target = output;
  const tw_range share = tw_share(parameters->elements / PAIR, core, cores);
  const uint8_t *from = source + share.begin * PAIR;
  uint8_t *to = target + share.begin * PAIR;
  if (share.end > share.begin) {
    uint32_t a, b;
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                     "  cv.lw %[a], (%[from]), 4\n"
                     "  cv.lw %[b], (%[from]), 4\n"
                     "  xor %[a], %[a], %[signs]\n"
                     "  xor %[b], %[b], %[signs]\n"
                     "  cv.sw %[a], (%[to]), 4\n"
                     "  cv.sw %[b], (%[to]), 4\n"
                     "1:\n" TW_LOOP_END
                     : [a] "=&r"(a), [b] "=&r"(b), [from] "+r"(from), [to] "+r"(to)
                     : [pairs] "r"(share.end - share.begin), [signs] "r"(0x80808080u)
                     : "memory");
  }
  if (core == cores - 1) {
    for (uint32_t i = parameters->elements / PAIR * PAIR; i < parameters->elements; ++i) {
      target[i] = source[i] ^ 0x80u;
    }
  }
}
