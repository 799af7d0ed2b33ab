#include <stdint.h>

int main(void) {
  /* No memory and no device there. */
  volatile uint32_t *const nowhere = (volatile uint32_t *)(uintptr_t)0x08000000u;
  *nowhere = 1;
  return 0;
}
