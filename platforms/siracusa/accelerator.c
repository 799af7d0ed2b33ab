#include "tilewright/accelerator.h"

#include "platforms/siracusa/event.h"
#include "platforms/siracusa/registers.h"
#include "platforms/siracusa/soc.h"

_Static_assert(sizeof(tw_accelerator_pointers) == 6 * sizeof(uint32_t), "one word per register");
_Static_assert(sizeof(tw_accelerator_geometry) == 18 * sizeof(uint32_t), "one word per register");

static volatile uint32_t *neureka_register(uint32_t offset) {
  return (volatile uint32_t *)(uintptr_t)(SOC_NEUREKA + offset);
}

void tw_accelerator_start(const tw_accelerator_job *job) {
  tw_accelerator_queue(&job->pointers, &job->geometry);
}

/* Six registers at a time: no load is used by the instruction behind it. */
static inline void set_six(volatile uint32_t *registers, const uint32_t *values) {
  const uint32_t a = values[0];
  const uint32_t b = values[1];
  const uint32_t c = values[2];
  const uint32_t d = values[3];
  const uint32_t e = values[4];
  const uint32_t f = values[5];
  registers[0] = a;
  registers[1] = b;
  registers[2] = c;
  registers[3] = d;
  registers[4] = e;
  registers[5] = f;
}

void tw_accelerator_queue(const tw_accelerator_pointers *pointers,
                          const tw_accelerator_geometry *geometry) {
  /* Negative: all contexts are taken. */
  while ((int32_t)*neureka_register(NEUREKA_ACQUIRE) < 0) {
    event_wait(EVENT_BIT_ACCELERATOR);
  }
  volatile uint32_t *const registers = neureka_register(NEUREKA_JOB);
  const uint32_t *const words = (const uint32_t *)geometry;
  set_six(registers, (const uint32_t *)pointers);
  if ((geometry->configuration & NEUREKA_WEIGHT_MEMORY) != 0) {
    registers[0] = (uint32_t)(uintptr_t)pointers->weights - SOC_WEIGHT_MEMORY;
  }
  set_six(registers + 6, words);
  set_six(registers + 12, words + 6);
  set_six(registers + 18, words + 12);
  *neureka_register(NEUREKA_TRIGGER) = 0;
}

void tw_accelerator_wait(void) {
  while (*neureka_register(NEUREKA_STATUS) != 0) {
    event_wait(EVENT_BIT_ACCELERATOR);
  }
}
