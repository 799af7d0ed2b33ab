#include "tilewright/accelerator.h"

#include "platforms/siracusa/event.h"
#include "platforms/siracusa/registers.h"
#include "platforms/siracusa/soc.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/placement.h"

_Static_assert(sizeof(tw_accelerator_pointers) == 6 * sizeof(uint32_t), "one word per register");
_Static_assert(sizeof(tw_accelerator_geometry) == 18 * sizeof(uint32_t), "one word per register");

static volatile uint32_t *neureka_register(uint32_t offset) {
  return (volatile uint32_t *)(uintptr_t)(SOC_NEUREKA + offset);
}

void tw_accelerator_start(const tw_accelerator_job *job) {
  tw_accelerator_queue(&job->pointers, &job->geometry);
}

/* An even number of registers from words: a loop, because code that runs once costs more to fetch.
 */
static inline void set_registers(volatile uint32_t *registers, const uint32_t *words,
                                 uint32_t pairs) {
  uint32_t a, b;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                   "  cv.lw %[a], (%[words]), 4\n"
                   "  cv.lw %[b], (%[words]), 4\n"
                   "  cv.sw %[a], (%[registers]), 4\n"
                   "  cv.sw %[b], (%[registers]), 4\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [words] "+r"(words), [registers] "+r"(registers)
                   : [pairs] "r"(pairs)
                   : "memory");
}

void tw_accelerator_queue(const tw_accelerator_pointers *pointers,
                          const tw_accelerator_geometry *geometry) {
  tw_accelerator_prepare(pointers, geometry);
  tw_accelerator_trigger();
}

TW_CALLED_OFTEN void tw_accelerator_trigger(void) { *neureka_register(NEUREKA_TRIGGER) = 0; }

TW_CALLED_OFTEN void tw_accelerator_prepare(const tw_accelerator_pointers *pointers,
                                            const tw_accelerator_geometry *geometry) {
  /* Negative: all contexts are taken. */
  while ((int32_t)*neureka_register(NEUREKA_ACQUIRE) < 0) {
    event_wait(EVENT_BIT_ACCELERATOR);
  }
  volatile uint32_t *const registers = neureka_register(NEUREKA_JOB);
  set_registers(registers, (const uint32_t *)pointers, sizeof *pointers / 8);
  set_registers(registers + sizeof *pointers / 4, (const uint32_t *)geometry, sizeof *geometry / 8);
  if ((geometry->configuration & NEUREKA_WEIGHT_MEMORY) != 0) {
    registers[0] = (uint32_t)(uintptr_t)pointers->weights - SOC_WEIGHT_MEMORY;
  }
}

TW_CALLED_OFTEN void tw_accelerator_wait(void) {
  while (*neureka_register(NEUREKA_STATUS) != 0) {
    event_wait(EVENT_BIT_ACCELERATOR);
  }
}
