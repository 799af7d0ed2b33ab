"""A program that uses cores, regions, DMA, barrier and accelerator: something to observe."""

PROGRAM = """
.include "program.inc"

.macro region_begin name
    la t0, \\name
    slti zero, t0, 1
.endm
.macro region_end
    slti zero, zero, 2
.endm

.text
.globl _start
.type _start, @function
_start:
    la t0, whole
    slti zero, t0, 1
    enable_instruction_caches
    start_cluster 0xff, on_core
    wait_for_word done, 1
    region_end
    output result, result_end
    exit_with 7
.size _start, . - _start

.globl on_core
.type on_core, @function
on_core:
    region_begin work
    # The team of the barrier, and who is woken.
    li s0, TW_EVENT_UNIT
    li s1, 0x11100
    sw s1, 0(s0)
    li s1, 0xff
    sw s1, 0x200(s0)
    sw s1, 0x20c(s0)
    csrr s2, mhartid
    # Everybody reads the same bank.
    la s3, shared_word
    region_begin conflicts
    .rept 16
    lw s4, 0(s3)
    .endr
    region_end
    cv.elw zero, 0x21c(s0)
    bnez s2, rest
    call copy
    call accelerate
rest:
    cv.elw zero, 0x21c(s0)
    region_end
    bnez s2, end
    la s3, done
    li s4, 1
    sw s4, 0(s3)
end:
    stop_core
.size on_core, . - on_core

# 256 bytes from L2 to L1 and back.
.type copy, @function
copy:
    li s5, TW_DMA
    lw s6, 0(s5)
    li s7, 0x160000 + 256
    sw s7, 0(s5)
    la s7, copied
    sw s7, 0(s5)
    la s7, source
    sw s7, 0(s5)
1:  lw s7, 4(s5)
    srl s7, s7, s6
    andi s7, s7, 1
    bnez s7, 1b
    li s7, 1
    sll s7, s7, s6
    sw s7, 4(s5)
    lw s6, 0(s5)
    li s7, 0x140000 + 256
    sw s7, 0(s5)
    la s7, copied
    sw s7, 0(s5)
    la s7, result
    sw s7, 0(s5)
2:  lw s7, 4(s5)
    srl s7, s7, s6
    andi s7, s7, 1
    bnez s7, 2b
    ret
.size copy, . - copy

# One pixel of a 1x1 layer with 32 channels.
.type accelerate, @function
accelerate:
    li s5, TW_NEUREKA
1:  lw s6, 4(s5)
    bltz s6, 1b
    la s6, job
    li s7, 24
    addi s8, s5, 0x20
2:  lw s9, 0(s6)
    sw s9, 0(s8)
    addi s6, s6, 4
    addi s8, s8, 4
    addi s7, s7, -1
    bnez s7, 2b
    li s6, 0x1000
    sw s6, 0(s0)
    sw zero, 0(s5)
    cv.elw zero, 0x3c(s0)
    li s6, 0x11100
    sw s6, 0(s0)
    ret
.size accelerate, . - accelerate

.section .rodata
whole: .asciz "whole \\"program\\""
work: .asciz "work"
conflicts: .asciz "conflicts"
.p2align 2
source:
    .set i, 0
    .rept 64
    .word i
    .set i, i + 0x01020304
    .endr
job:
    .word weights, pixel, sums, 0, 0, 0
    .word 32, 32, 32, 32, 128, 128, 32, 32, 32
    .word 0x200020, 0x10001, 0x10001, 0x10001, 0x10001
    .word 0, -128, 0, 0xc00047

.data
.p2align 3
result: .zero 256
result_end:

.section .l1, "aw", @progbits
.p2align 6
done: .word 0
shared_word: .word 0
.p2align 6
copied: .zero 256
pixel: .zero 32
weights: .zero 1024
sums: .zero 128
"""

EXIT_CODE = 7
WORKERS = 8
COPIED_BYTES = 256
REGIONS = {'whole "program"': 1, "work": WORKERS, "conflicts": WORKERS}
"""Names of the regions and how many cores enter each."""

ACCELERATOR_MACS = 32 * 32
