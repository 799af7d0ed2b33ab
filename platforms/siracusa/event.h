/* Sleeping until a device raises an event. */
#ifndef TILEWRIGHT_PLATFORMS_SIRACUSA_EVENT_H_
#define TILEWRIGHT_PLATFORMS_SIRACUSA_EVENT_H_

#include <stdint.h>

#include "platforms/siracusa/registers.h"
#include "platforms/siracusa/soc.h"

/* Sleeps until one of `events` has happened since the last wait for it; that can be long ago, so
 * callers look whether what they wait for is there, and wait again. */
static inline void event_wait(uint32_t events) {
  volatile uint32_t *const mask =
      (volatile uint32_t *)(uintptr_t)(SOC_DEMUX_EVENT_UNIT + EVENT_MASK);
  uint32_t happened;
  /* Nothing else is in the mask meanwhile: the load clears what it finds, and a barrier's event or
   * the dispatcher's would be lost. */
  *mask = events;
  __asm__ volatile("cv.elw %0, %1(%2)"
                   : "=r"(happened)
                   : "i"(EVENT_WAIT_CLEAR), "r"(SOC_DEMUX_EVENT_UNIT)
                   : "memory");
  *mask = EVENT_BITS_SYNCHRONISATION;
}

#endif /* TILEWRIGHT_PLATFORMS_SIRACUSA_EVENT_H_ */
