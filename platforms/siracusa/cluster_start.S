/* Start-up of a cluster core, and the loop in which workers wait for functions to run.
 *
 * Symbols come from the linker script: tilewright_cluster_stacks, __global_pointer$.
 */

#include "platforms/siracusa/registers.h"
#include "platforms/siracusa/soc.h"

  /* cv.cnt. The compiler must not use these instructions: //toolchains/riscv:isa_table.bzl. */
  .option arch, +xcvbitmanip

  .section .text.tilewright_cluster_start, "ax", @progbits
  /* The boot address. Some cores of this family start at it, others 0x80 bytes after it. */
  .globl tilewright_cluster_start
  .type tilewright_cluster_start, @function
  .balign 256
tilewright_cluster_start:
  j start
  .balign 128
start:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la t0, tilewright_trap_entry
  csrw mtvec, t0
  li t0, 1 << 13               /* mstatus.FS = initial: floating-point instructions allowed */
  csrs mstatus, t0
  csrw fcsr, zero              /* round to nearest even, no exception flags */

  csrr s0, mhartid
  andi s0, s0, 31
  addi t0, s0, 1
  li t1, SOC_CLUSTER_STACK_STRIDE
  mul t0, t0, t1
  la sp, tilewright_cluster_stacks
  add sp, sp, t0

  li s1, SOC_DEMUX_EVENT_UNIT
  li t0, EVENT_BITS_SYNCHRONISATION
  sw t0, EVENT_MASK(s1)

  li t0, SOC_CONTROL_CORE
  bne s0, t0, work
  call tilewright_control_core /* does not return */

  /* A function gets its argument, the core's number and the size of the team, s3. What does not
   * depend on what is popped comes before the core sleeps. */
work:
  mv a1, s0
  mv a2, s3
  cv.elw s2, EVENT_DISPATCH(s1)
  cv.elw a0, EVENT_DISPATCH(s1)
  jalr s2
  cv.elw t0, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_WAIT_CLEAR)(s1)
  j work

  /* What workers run when the size of the team changes. */
set_team_size:
  mv s3, a0
  ret
  .size tilewright_cluster_start, . - tilewright_cluster_start

  /* tw_cluster_fork and tw_cluster_fork_join. The event unit knows the team: only if it is another
   * than before, workers are told its size and the barriers their cores. */
  .macro dispatch, new_team
  li t0, SOC_DEMUX_EVENT_UNIT
  lw t1, EVENT_TEAM(t0)
  cv.cnt t1, t1
  bne t1, a2, \new_team
  sw a0, EVENT_DISPATCH(t0)
  sw a1, EVENT_DISPATCH(t0)
  .endm

  .section .text.tw_cluster_fork, "ax", @progbits
  .globl tw_cluster_fork
  .type tw_cluster_fork, @function
tw_cluster_fork:
  dispatch 1f
  ret
1:
  la t2, tw_cluster_fork
  j set_up_team
  .size tw_cluster_fork, . - tw_cluster_fork

  .section .text.tw_cluster_fork_join, "ax", @progbits
  .globl tw_cluster_fork_join
  .type tw_cluster_fork_join, @function
tw_cluster_fork_join:
  dispatch 1f
  cv.elw t0, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_WAIT_CLEAR)(t0)
  ret
1:
  la t2, tw_cluster_fork_join
  j set_up_team
  .size tw_cluster_fork_join, . - tw_cluster_fork_join

  /* Sets up a team of the workers 0 to a2 - 1 and goes on at t2. */
  .section .text.tilewright_set_up_team, "ax", @progbits
  .type set_up_team, @function
set_up_team:
  addi t1, a2, -1
  li t3, SOC_WORKERS
  bltu t1, t3, 1f
  la a0, no_such_team
  call tw_fault
1:
  li t1, (1 << SOC_WORKERS) - 1
  sw t1, EVENT_TEAM(t0)
  li t1, (1 << SOC_WORKERS) - 1 + (1 << SOC_CONTROL_CORE)
  sw t1, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_TEAM)(t0)
  sw t1, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_TARGET)(t0)
  la t1, set_team_size
  sw t1, EVENT_DISPATCH(t0)
  sw a2, EVENT_DISPATCH(t0)
  cv.elw t1, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_WAIT_CLEAR)(t0)
  li t1, -1
  sll t1, t1, a2
  not t1, t1
  sw t1, EVENT_TEAM(t0)
  sw t1, (EVENT_BARRIER(BARRIER_TEAM_ONLY) + BARRIER_TEAM)(t0)
  sw t1, (EVENT_BARRIER(BARRIER_TEAM_ONLY) + BARRIER_TARGET)(t0)
  li t3, 1 << SOC_CONTROL_CORE
  or t1, t1, t3
  sw t1, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_TEAM)(t0)
  sw t1, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_TARGET)(t0)
  jr t2
  .size set_up_team, . - set_up_team

  .section .rodata.tilewright_no_such_team, "a", @progbits
no_such_team:
  .asciz "tw_cluster_fork: there is no team of that many cores"

  .section .text.hot.tw_cluster_join, "ax", @progbits
  .globl tw_cluster_join
  .type tw_cluster_join, @function
tw_cluster_join:
  li t0, SOC_DEMUX_EVENT_UNIT
  cv.elw t0, (EVENT_BARRIER(BARRIER_JOIN) + BARRIER_WAIT_CLEAR)(t0)
  ret
  .size tw_cluster_join, . - tw_cluster_join

  .section .text.tw_cluster_barrier, "ax", @progbits
  .globl tw_cluster_barrier
  .type tw_cluster_barrier, @function
tw_cluster_barrier:
  li t0, SOC_DEMUX_EVENT_UNIT
  cv.elw t0, (EVENT_BARRIER(BARRIER_TEAM_ONLY) + BARRIER_WAIT_CLEAR)(t0)
  ret
  .size tw_cluster_barrier, . - tw_cluster_barrier

  .section .text.tw_cluster_lock, "ax", @progbits
  .globl tw_cluster_lock
  .type tw_cluster_lock, @function
tw_cluster_lock:
  li t0, SOC_DEMUX_EVENT_UNIT
  cv.elw t0, EVENT_MUTEX(0)(t0)
  ret
  .size tw_cluster_lock, . - tw_cluster_lock

  .section .text.tw_cluster_unlock, "ax", @progbits
  .globl tw_cluster_unlock
  .type tw_cluster_unlock, @function
tw_cluster_unlock:
  li t0, SOC_DEMUX_EVENT_UNIT
  sw zero, EVENT_MUTEX(0)(t0)
  ret
  .size tw_cluster_unlock, . - tw_cluster_unlock
