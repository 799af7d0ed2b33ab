#include "tilewright/build_id.h"

/* Of the linker script. Weak: one without them links all the same. */
extern const uint32_t tilewright_build_id_start[] __attribute__((weak));
extern const uint32_t tilewright_build_id_end[] __attribute__((weak));

const uint8_t *tw_build_id(void) {
  const uintptr_t start = (uintptr_t)tilewright_build_id_start;
  const uintptr_t end = (uintptr_t)tilewright_build_id_end;
  return tw_build_id_in_notes(tilewright_build_id_start, (uint32_t)(end - start));
}
