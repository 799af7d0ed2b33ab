#include <stdint.h>

#include "platforms/siracusa/hart.h"
#include "platforms/siracusa/soc.h"
#include "tilewright/soc_interface.h"

/* Each core has a register of its own, so that a simulator can tell who writes. */
#define CONSOLE_CORE_STRIDE 8
#define CONSOLE_CLUSTER_STRIDE 128

#define EXIT_VALID 0x80000000u

void tw_soc_start(void) {}

void tw_soc_write(const char *bytes, uint32_t size) {
  volatile uint8_t *const console =
      (volatile uint8_t *)(uintptr_t)(SOC_CONSOLE + hart_core() * CONSOLE_CORE_STRIDE +
                                      hart_cluster() * CONSOLE_CLUSTER_STRIDE);
  for (uint32_t i = 0; i < size; ++i) {
    *console = (uint8_t)bytes[i];
  }
}

void tw_soc_exit(int code) {
  *(volatile uint32_t *)(uintptr_t)SOC_EXIT = EXIT_VALID | ((uint32_t)code & 0xff);
  for (;;) {
  }
}
