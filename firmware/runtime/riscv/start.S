/* Start-up of a single RISC-V core in machine mode.
 *
 * Symbols come from the SoC's linker script: tilewright_stack_bottom, tilewright_stack_top,
 * tilewright_bss_start, tilewright_bss_end, tilewright_data_start, tilewright_data_end,
 * tilewright_data_load, __global_pointer$. All are multiples of 4.
 */

#include "firmware/runtime/riscv/stack_paint.h"

  .section .text.tilewright_start, "ax", @progbits
  .globl _start
  .type _start, @function
_start:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la t0, tilewright_trap_entry
  csrw mtvec, t0
#ifdef __riscv_flen
  li t0, 1 << 13               /* mstatus.FS = initial: floating-point instructions allowed */
  csrs mstatus, t0
  csrw fcsr, zero              /* round to nearest even, no exception flags */
#endif

  /* Initialised data may have been loaded elsewhere (flash). */
  la t0, tilewright_data_load
  la t1, tilewright_data_start
  la t2, tilewright_data_end
  beq t0, t1, 2f
1:
  bgeu t1, t2, 2f
  lw t3, 0(t0)
  sw t3, 0(t1)
  addi t0, t0, 4
  addi t1, t1, 4
  j 1b
2:

  la t0, tilewright_bss_start
  la t1, tilewright_bss_end
3:
  bgeu t0, t1, 4f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 3b
4:

  /* Paint the stack, see tw_stack_high_water. */
  la sp, tilewright_stack_top
  la t0, tilewright_stack_bottom
  li t1, TW_STACK_PAINT
5:
  bgeu t0, sp, 6f
  sw t1, 0(t0)
  addi t0, t0, 4
  j 5b
6:

  call tw_soc_start
  call main
  call tw_exit
  .size _start, . - _start

  /* A trap is the end of the program: registers are not saved, and the handler has a stack of its
   * own because an overflow of the program's stack is one of the causes. */
  .section .text.tilewright_trap_entry, "ax", @progbits
  .balign 4
  .globl tilewright_trap_entry
  .type tilewright_trap_entry, @function
tilewright_trap_entry:
  la sp, tilewright_trap_stack_top
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call tw_trap
  .size tilewright_trap_entry, . - tilewright_trap_entry

  .section .bss.tilewright_trap_stack, "aw", @nobits
  .balign 16
  .space 512
tilewright_trap_stack_top:
