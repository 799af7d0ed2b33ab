# Eight cores in the inner loop of an int8 matrix product with 4x2 register blocking: a hardware
# loop of 6 post-incremented loads and 8 SIMD dot products, operands in L1. The cores' rows start
# in different banks, as a kernel would place them; what conflicts remain are simulated.
.include "program.inc"
.equ ROUNDS, 20000
.equ ITERATIONS, 64
.text
.globl _start
_start:
    enable_instruction_caches
    start_cluster 0xff, on_core
    li s0, 8
wait:
    lw t0, finished
    .rept 60
    nop
    .endr
    bne t0, s0, wait
    exit_with 0

on_core:
    csrr a0, mhartid
    andi a0, a0, 15
    la a1, operands
    li t0, ITERATIONS * 4 * 6 + 4
    mul t0, t0, a0
    add a1, a1, t0
    li s1, ROUNDS
round:
    mv a2, a1
    addi a3, a2, ITERATIONS * 4
    addi a4, a3, ITERATIONS * 4
    addi a5, a4, ITERATIONS * 4
    addi a6, a5, ITERATIONS * 4
    addi a7, a6, ITERATIONS * 4
    li t0, ITERATIONS
    .balign 4
    .option push
    .option norvc
    # cv.setup 0, t0, end of loop: the body is the 14 instructions that follow.
    .insn i 0x2b, 4, x14, t0, 15
    cv.lw t1, (a2), 4
    cv.lw t2, (a3), 4
    cv.lw t3, (a4), 4
    cv.lw t4, (a5), 4
    cv.lw t5, (a6), 4
    cv.lw t6, (a7), 4
    cv.sdotsp.b s2, t1, t5
    cv.sdotsp.b s3, t2, t5
    cv.sdotsp.b s4, t3, t5
    cv.sdotsp.b s5, t4, t5
    cv.sdotsp.b s6, t1, t6
    cv.sdotsp.b s7, t2, t6
    cv.sdotsp.b s8, t3, t6
    cv.sdotsp.b s9, t4, t6
    .option pop
    addi s1, s1, -1
    bnez s1, round
    # One core after the other adds itself: the mutex of the event unit.
    li t0, TW_EVENT_UNIT
    li t1, 1 << 17
    sw t1, 0(t0)
    cv.elw t1, 0xc0(t0)
    la t2, finished
    lw t3, 0(t2)
    addi t3, t3, 1
    sw t3, 0(t2)
    sw zero, 0xc0(t0)
    stop_core

.data
finished:
    .word 0
.section .l1, "aw", @progbits
operands:
    .zero 8 * (ITERATIONS * 4 * 6 + 4)
