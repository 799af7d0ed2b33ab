/* Compressed and full instructions, jumps in both directions, and data between code. */

  .globl _start
  .section .text, "ax"
  .type _start, @function
_start:
0:
  addi sp, sp, -16
  sw ra, 12(sp)
  .option push
  .option norvc
  jal callee
  .option pop
  bnez a5, 0b
  j 1f
  .type table, @object
table:
  .word 0xdeadbeef
  .type callee, @function
callee:
  fadd.s fa0, fa0, fa1
  ret
1:
  .insn 4, 0xffffffff
  .insn 2, 0x0000
