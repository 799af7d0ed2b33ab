/* The kernel of int8 maximum pooling with a defect: its second call makes one element one too
 * large or, where that is the largest, one too small. One core does all of it, so that no other
 * can write that element later. */
#include <stdint.h>

#define tw_max_pool_s8 correct_max_pool_s8
#include "kernels/ref/max_pool_s8.c"
#undef tw_max_pool_s8

#define WRONG_CALL 2
#define WRONG_ELEMENT 37

void tw_max_pool_s8(const tw_max_pool_s8_parameters *parameters, const int8_t *input,
                    int8_t *output, uint32_t core, uint32_t cores);

void tw_max_pool_s8(const tw_max_pool_s8_parameters *parameters, const int8_t *input,
                    int8_t *output, uint32_t core, uint32_t cores) {
  static uint32_t calls;
  (void)cores;
  if (core != 0) {
    return;
  }
  correct_max_pool_s8(parameters, input, output, 0, 1);
  if (++calls == WRONG_CALL) {
    output[WRONG_ELEMENT] += output[WRONG_ELEMENT] == INT8_MAX ? -1 : 1;
  }
}
