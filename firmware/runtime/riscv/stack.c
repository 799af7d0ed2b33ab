#include "tilewright/stack.h"

#include "firmware/runtime/riscv/stack_paint.h"

extern const uint32_t tilewright_stack_bottom[];
extern const uint32_t tilewright_stack_top[];

uint32_t tw_stack_size(void) {
  return (uint32_t)((uintptr_t)tilewright_stack_top - (uintptr_t)tilewright_stack_bottom);
}

uint32_t tw_stack_high_water(void) {
  const volatile uint32_t *at = tilewright_stack_bottom;
  while (at != tilewright_stack_top && *at == TW_STACK_PAINT) {
    ++at;
  }
  return (uint32_t)((uintptr_t)tilewright_stack_top - (uintptr_t)at);
}
