# Jobs for the accelerator, back to back: a 3x3 convolution of 64 to 64 channels on 16x16 pixels
# (input 18x18, no padding) and a 1x1 convolution of 128 to 128 channels on 12x12 pixels, 8-bit
# weights from L1. One core sets the jobs up and sleeps until they are done.
.include "program.inc"
.equ ROUNDS, 200
.equ INPUT, TW_L1 + 0x10000
.equ OUTPUT, TW_L1 + 0x18000
.equ WEIGHTS, TW_L1 + 0x20000
.equ PARAMETERS, TW_L1 + 0x38000
.equ EVENT, 12
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
    li s0, TW_NEUREKA
    li s1, TW_EVENT_UNIT
    li t0, 1 << EVENT
    sw t0, 0(s1)
    li s2, ROUNDS
round:
    la a0, convolution_3x3
    jal run_job
    la a0, convolution_1x1
    jal run_job
    addi s2, s2, -1
    bnez s2, round
    la t2, finished
    li t3, 1
    sw t3, 0(t2)
    stop_core

# Runs the job whose 24 registers stand at a0, and waits for it.
run_job:
    lw t0, 4(s0)
    bltz t0, run_job
    addi a1, s0, 0x20
    addi a2, a0, 24 * 4
copy:
    lw t0, 0(a0)
    sw t0, 0(a1)
    addi a0, a0, 4
    addi a1, a1, 4
    bltu a0, a2, copy
    sw zero, 0(s0)
    cv.elw t0, 0x3c(s1)
    ret

.data
.balign 4
finished:
    .word 0
convolution_3x3:
    .word WEIGHTS, INPUT, OUTPUT, PARAMETERS, 0, PARAMETERS + 0x100
    .word 64, 64 * 18, 64 * 18 * 18        # input strides
    .word 32, 64, 64 * 16                  # output strides
    .word 32, 32 * 8 * 3, 32 * 8 * 3 * 32  # weight strides
    .word 32 << 16 | 8                     # size of the last tile: output and input channels,
    .word 4 << 16 | 4                      # output rows and columns,
    .word 6 << 16 | 6                      # input rows and columns
    .word 2 << 16 | 3                      # tiles: output and input channels,
    .word 3 << 16 | 3                      # rows and columns
    .word 0                                # padding
    .word -128                             # weight offset
    .word 0                                # filter mask
    .word 7 | 1 << 4 | 0 << 5 | 8 << 16 | 1 << 25
convolution_1x1:
    .word WEIGHTS, INPUT, OUTPUT, PARAMETERS, 0, PARAMETERS + 0x100
    .word 128, 128 * 12, 128 * 12 * 12
    .word 32, 128, 128 * 12
    .word 32, 32 * 4, 32 * 4 * 32
    .word 32 << 16 | 32
    .word 6 << 16 | 6
    .word 6 << 16 | 6
    .word 4 << 16 | 4
    .word 2 << 16 | 2
    .word 0
    .word -128
    .word 0
    .word 7 | 1 << 4 | 2 << 5 | 8 << 16 | 1 << 25
