#include "tilewright/hardware_loop.h"

  .section .text.nested_loops, "ax", @progbits
  .globl nested_loops
  .type nested_loops, @function
nested_loops:
  li t0, 0
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 1, a0, 2f
  TW_LOOP_SETUP 0, a1, 1f
  addi t0, t0, 1
  addi t0, t0, 1
  addi t0, t0, 1
1:
  addi t0, t0, 40
  addi t0, t0, 60
2:
  TW_LOOP_END
  mv a0, t0
  ret
  .size nested_loops, . - nested_loops

  .section .text.constant_loop, "ax", @progbits
  .globl constant_loop
  .type constant_loop, @function
constant_loop:
  li a0, 0
  TW_LOOP_BEGIN
  TW_LOOP_SETUPI 0, 4095, 1f
  addi a0, a0, 3
  addi a0, a0, -1
  addi a0, a0, -1
1:
  TW_LOOP_END
  ret
  .size constant_loop, . - constant_loop
