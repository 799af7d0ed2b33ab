#include <stdint.h>

#include "platforms/qemu_rv32/soc.h"
#include "tilewright/counter.h"
#include "tilewright/soc_interface.h"

/* NS16550A: transmit holding register, line status register and its "holding register empty". */
#define UART_TRANSMIT (*(volatile uint8_t *)(uintptr_t)SOC_UART)
#define UART_LINE_STATUS (*(volatile uint8_t *)(uintptr_t)(SOC_UART + 5))
#define UART_TRANSMIT_EMPTY 0x20

/* SiFive test device: a command in the low half, the exit code in the high half. */
#define FINISHER (*(volatile uint32_t *)(uintptr_t)SOC_FINISHER)
#define FINISHER_PASS 0x5555u
#define FINISHER_FAIL 0x3333u

/* Physical memory protection: locked (machine mode obeys too), a naturally aligned power of two,
 * no access. */
#define PMP_LOCKED_NAPOT 0x98u

extern const uint8_t tilewright_stack_guard_start[];
extern const uint8_t tilewright_stack_guard_end[];

void tw_soc_start(void) {
  const uintptr_t start = (uintptr_t)tilewright_stack_guard_start;
  const uintptr_t size = (uintptr_t)tilewright_stack_guard_end - start;
  const uintptr_t region = (start >> 2) | ((size >> 3) - 1);
  __asm__ volatile("csrw pmpaddr0, %0" : : "r"(region));
  __asm__ volatile("csrw pmpcfg0, %0" : : "r"(PMP_LOCKED_NAPOT));
}

void tw_soc_write(const char *bytes, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    while ((UART_LINE_STATUS & UART_TRANSMIT_EMPTY) == 0) {
    }
    UART_TRANSMIT = (uint8_t)bytes[i];
  }
}

void tw_soc_exit(int code) {
  FINISHER = code == 0 ? FINISHER_PASS : ((uint32_t)code & 0xffff) << 16 | FINISHER_FAIL;
  for (;;) {
  }
}

/* QEMU models no time: its mcycle counts instructions. */
uint64_t tw_cycles(void) { return 0; }
