/* Who runs: mhartid is cluster << 5 | core. */
#ifndef TILEWRIGHT_PLATFORMS_SIRACUSA_HART_H_
#define TILEWRIGHT_PLATFORMS_SIRACUSA_HART_H_

#include <stdint.h>

#define HART_CORE_BITS 5
#define HART_CORE_MASK 31

static inline uint32_t hart_id(void) {
  uint32_t hart;
  __asm__("csrr %0, mhartid" : "=r"(hart));
  return hart;
}

static inline uint32_t hart_core(void) { return hart_id() & HART_CORE_MASK; }
static inline uint32_t hart_cluster(void) { return hart_id() >> HART_CORE_BITS; }

#endif /* TILEWRIGHT_PLATFORMS_SIRACUSA_HART_H_ */
