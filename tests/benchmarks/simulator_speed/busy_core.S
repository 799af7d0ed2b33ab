# One core in scalar code, the others asleep: an insertion sort of words in L1, again and again,
# with its loads, stores, address arithmetic and branches that depend on data.
.include "program.inc"
.equ ROUNDS, 400
.equ WORDS, 512
.text
.globl _start
_start:
    enable_instruction_caches
    start_cluster 0x01, on_core
wait:
    lw t0, finished
    .rept 60
    nop
    .endr
    beqz t0, wait
    exit_with 0

on_core:
    li s1, ROUNDS
    li s2, 12345
round:
    # Fresh contents: a linear congruential generator (Numerical Recipes' constants).
    la a0, words
    li t0, WORDS
    li t1, 1664525
    li t2, 1013904223
fill:
    mul s2, s2, t1
    add s2, s2, t2
    sw s2, 0(a0)
    addi a0, a0, 4
    addi t0, t0, -1
    bnez t0, fill

    la a0, words
    addi a1, a0, 4
    la a2, words + 4 * WORDS
outer:
    lw t0, 0(a1)
    mv a3, a1
inner:
    beq a3, a0, place
    lw t1, -4(a3)
    bgeu t0, t1, place
    sw t1, 0(a3)
    addi a3, a3, -4
    j inner
place:
    sw t0, 0(a3)
    addi a1, a1, 4
    bltu a1, a2, outer
    addi s1, s1, -1
    bnez s1, round

    la t2, finished
    li t3, 1
    sw t3, 0(t2)
    stop_core

.data
finished:
    .word 0
.section .l1, "aw", @nobits
words:
    .zero 4 * WORDS
