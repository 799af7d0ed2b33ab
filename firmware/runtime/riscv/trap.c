#include <stdint.h>

#include "tilewright/console.h"
#include "tilewright/exit.h"

/* Bounds of the memory below the stack that a SoC may protect; equal if it does not. */
extern const uint8_t tilewright_stack_guard_start[];
extern const uint8_t tilewright_stack_guard_end[];

_Noreturn void tw_trap(uint32_t cause, uint32_t program_counter, uint32_t address);

/* Exception codes of the RISC-V privileged architecture, table "mcause values after trap". */
static const char *describe(uint32_t cause) {
  switch (cause) {
    case 0:
      return "misaligned instruction address";
    case 1:
      return "instruction access fault";
    case 2:
      return "illegal instruction";
    case 3:
      return "breakpoint";
    case 4:
      return "misaligned load";
    case 5:
      return "load access fault";
    case 6:
      return "misaligned store";
    case 7:
      return "store access fault";
    case 11:
      return "environment call";
    default:
      return (cause >> 31) != 0 ? "unexpected interrupt" : "unknown exception";
  }
}

/* Called by the trap vector: reports what happened and where, and ends the program. */
void tw_trap(uint32_t cause, uint32_t program_counter, uint32_t address) {
  const int in_guard = address >= (uintptr_t)tilewright_stack_guard_start &&
                       address < (uintptr_t)tilewright_stack_guard_end;
  tw_console_text("fault: ");
  tw_console_text((cause == 5 || cause == 7) && in_guard ? "stack overflow" : describe(cause));
  tw_console_text(" (cause ");
  tw_console_hexadecimal(cause);
  tw_console_text(") at pc ");
  tw_console_hexadecimal(program_counter);
  tw_console_text(", address ");
  tw_console_hexadecimal(address);
  tw_console_text("\n");
  tw_exit(TW_EXIT_FAULT);
}
