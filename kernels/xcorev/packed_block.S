/* Products of rows with packed weights on CORE-V cores: see tilewright/packed_block.h.
 *
 * With R rows in a block of R x 4 sums, one step takes a word of 4 values from each row and the 4
 * words of the outputs' weights:
 *
 *     rows   loads   cv.sdotsp.b   instructions   MAC   MAC/instruction
 *        4     8         16             24         64        2.67
 *        2     6          8             14         32        2.29
 *        1     5          4              9         16        1.78
 *        1     9          8             17         32        1.88      a vector
 *
 * Weights of B = 4 or 2 bits are unpacked on the way: a stored word meets 8 / B words of each row. It
 * is loaded anew for each of them, because there is no register to keep it in, and shifted into
 * place: one instruction per word of weights with 4 bits, whose numbers stay in the upper halves of
 * bytes, so that sums are 16 times what they stand for, and 1.75 with 2 bits. A vector has registers
 * to spare:
 *
 *     rows   bits   instructions per 64 MAC
 *        4    8, 4, 2            24, 28, 31
 *        2    8, 4, 2            28, 36, 42
 *        1    8, 4, 2            36, 52, 64     a vector: 34, 42, 50
 *
 * 4 rows need every register that there is: 16 sums, 4 words of weights, 2 words of values (one is
 * loaded while the other is in use: a load's result is a cycle late), 4 rows, the weights and the
 * table of starts. What the inner loops do not use lies on the stack.
 *
 * Loop 0 runs over the words of a run, loop 1 over the runs. A block of outputs is then
 * requantised: per output mul, cv.addnr (add and shift), cv.clip to 8 bits; two packs make a word
 * of four outputs, cv.max.sc.b and cv.min.sc.b bring it to its limits. A block of outputs of 4 rows
 * takes 24 * words + 8 * runs + 110 cycles, without conflicts of L1's banks. Its code has just the
 * size of a core's instruction cache, 512 bytes. */
#include "tilewright/hardware_loop.h"

  /* tw_packed_run */
  .set RUN_WORDS, 16
  .set RUN_BYTES, 20

  /* tw_packed_rows */
  .set ROWS_RUNS, 0
  .set ROWS_RUN_COUNT, 4
  .set ROWS_WEIGHTS, 8
  .set ROWS_BLOCK_BYTES, 12
  .set ROWS_BLOCKS, 16
  .set ROWS_OUTPUTS, 20
  .set ROWS_SHIFT, 36
  .set ROWS_LOW, 40
  .set ROWS_HIGH, 44

  /* The frame: what blocks need again and again, then saved registers. */
  .set FRAME_RUNS, 0
  .set FRAME_RUN_COUNT, 4
  .set FRAME_BLOCKS, 8
  .set FRAME_OUTPUTS, 12
  .set FRAME_SHIFT, 28
  .set FRAME_LOW, 32
  .set FRAME_HIGH, 36
  .set FRAME_SUMS, 40
  .set FRAME_GROUPS, 44
  .set FRAME_START_STEP, 48
  .set FRAME_OUTPUT_STEP, 52
  .set FRAME_WEIGHTS, 56
  .set FRAME_ALL_BLOCKS, 60
  .set FRAME_RUN, 64          /* a copy whose starts move on */
  .set FRAME_SAVED, 84
  .set FRAME_BYTES, 144

  .macro enter rows
  addi sp, sp, -FRAME_BYTES
  .set offset, FRAME_SAVED
  .irp register, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
  sw \register, offset(sp)
  .set offset, offset + 4
  .endr
  lw a2, ROWS_RUNS(a0)
  lw a3, ROWS_RUN_COUNT(a0)
  lw a4, ROWS_BLOCKS(a0)
  lw a5, ROWS_SHIFT(a0)
  lw a6, ROWS_LOW(a0)
  lw a7, ROWS_HIGH(a0)
  lw s4, ROWS_WEIGHTS(a0)
  sw a2, FRAME_RUNS(sp)
  sw a3, FRAME_RUN_COUNT(sp)
  sw a4, FRAME_BLOCKS(sp)
  sw a5, FRAME_SHIFT(sp)
  sw a6, FRAME_LOW(sp)
  sw a7, FRAME_HIGH(sp)
  .set row, 0
  .rept \rows
  lw a2, ROWS_OUTPUTS + 4 * row(a0)
  sw a2, FRAME_OUTPUTS + 4 * row(sp)
  .set row, row + 1
  .endr
  .endm

  .macro leave
  .set offset, FRAME_SAVED
  .irp register, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
  lw \register, offset(sp)
  .set offset, offset + 4
  .endr
  addi sp, sp, FRAME_BYTES
  ret
  .endm

  /* Begins loop 0 over the stored words of the run at s5, after loading where its rows start. */
  .macro begin_run bits, end, rows:vararg
  lw s6, RUN_WORDS(s5)
  .set offset, 0
  .irp row, \rows
  lw \row, offset(s5)
  .set offset, offset + 4
  .endr
  .if \bits < 8
  srli s6, s6, LOG2_PARTS_\bits
  .endif
  TW_LOOP_SETUP 0, s6, \end
  .endm

  /* How many words of values a stored word meets. */
  .set LOG2_PARTS_8, 0
  .set LOG2_PARTS_4, 1
  .set LOG2_PARTS_2, 2

  /* Brings part `part` of a stored word into place: with 4 bits into the upper halves of bytes. */
  .macro unpack bits, to, from
  .if \bits == 4 && part == 0
  cv.sll.sci.b \to, \from, 4
  .elseif \bits == 4
  cv.and.sci.b \to, \from, -16
  .elseif part < 3
  cv.sll.sci.b \to, \from, 6 - 2 * part
  cv.sra.sci.b \to, \to, 6
  .else
  cv.sra.sci.b \to, \from, 6
  .endif
  .endm

  /* Part `part` of the four outputs' weights at s4 to s6 .. s9. After the last part s4 moves on. */
  .macro load_weights bits
  .if part + 1 == 8 / \bits
  cv.lw s6, (s4), 4
  cv.lw s7, (s4), 4
  cv.lw s8, (s4), 4
  cv.lw s9, (s4), 4
  .else
  lw s6, 0(s4)
  lw s7, 4(s4)
  lw s8, 8(s4)
  lw s9, 12(s4)
  .endif
  .if \bits < 8
  .irp word, s6, s7, s8, s9
  unpack \bits, \word, \word
  .endr
  .endif
  .endm

  /* Makes sums of what `unpack` leaves in the upper halves of bytes those of the weights. */
  .macro scale_sums bits, sums:vararg
  .if \bits == 4
  .irp sum, \sums
  srai \sum, \sum, 4
  .endr
  .endif
  .endm

  /* Goes on to the next run. Loop 1 has to end two instructions after loop 0. */
  .macro end_run
  addi s5, s5, RUN_BYTES
  nop
  .endm

  /* The sums of a block, weights at s4, which moves on to the block's scale. Rows s0 to s3, runs
   * s5, words of weights s6 to s9, words of values s10 and s11. A load is never used by the
   * instruction after it. */
  .macro sums_of_4_rows bits
  lw s5, FRAME_RUNS(sp)
  lw s10, FRAME_RUN_COUNT(sp)
  .irp sum, a0, a1, a2, a3, a4, a5, a6, a7, t0, t1, t2, t3, t4, t5, t6, ra
  li \sum, 0
  .endr
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 1, s10, 2f
  begin_run \bits, 1f, s0, s1, s2, s3
  .set part, 0
  .rept 8 / \bits
  load_weights \bits
  cv.lw s10, (s0), 4
  cv.lw s11, (s1), 4
  cv.sdotsp.b a0, s10, s6
  cv.sdotsp.b a1, s10, s7
  cv.sdotsp.b a2, s10, s8
  cv.sdotsp.b a3, s10, s9
  cv.lw s10, (s2), 4
  cv.sdotsp.b a4, s11, s6
  cv.sdotsp.b a5, s11, s7
  cv.sdotsp.b a6, s11, s8
  cv.sdotsp.b a7, s11, s9
  cv.lw s11, (s3), 4
  cv.sdotsp.b t0, s10, s6
  cv.sdotsp.b t1, s10, s7
  cv.sdotsp.b t2, s10, s8
  cv.sdotsp.b t3, s10, s9
  cv.sdotsp.b t4, s11, s6
  cv.sdotsp.b t5, s11, s7
  cv.sdotsp.b t6, s11, s8
  cv.sdotsp.b ra, s11, s9
  .set part, part + 1
  .endr
1:
  end_run
2:
  TW_LOOP_END
  scale_sums \bits, a0, a1, a2, a3, a4, a5, a6, a7, t0, t1, t2, t3, t4, t5, t6, ra
  .endm

  .macro sums_of_2_rows bits
  lw s5, FRAME_RUNS(sp)
  lw s10, FRAME_RUN_COUNT(sp)
  .irp sum, a0, a1, a2, a3, a4, a5, a6, a7
  li \sum, 0
  .endr
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 1, s10, 2f
  begin_run \bits, 1f, s0, s1
  .set part, 0
  .rept 8 / \bits
  load_weights \bits
  cv.lw s10, (s0), 4
  cv.lw s11, (s1), 4
  cv.sdotsp.b a0, s10, s6
  cv.sdotsp.b a1, s10, s7
  cv.sdotsp.b a2, s10, s8
  cv.sdotsp.b a3, s10, s9
  cv.sdotsp.b a4, s11, s6
  cv.sdotsp.b a5, s11, s7
  cv.sdotsp.b a6, s11, s8
  cv.sdotsp.b a7, s11, s9
  .set part, part + 1
  .endr
1:
  end_run
2:
  TW_LOOP_END
  scale_sums \bits, a0, a1, a2, a3, a4, a5, a6, a7
  .endm

  .macro sums_of_1_row bits
  lw s5, FRAME_RUNS(sp)
  lw s10, FRAME_RUN_COUNT(sp)
  .irp sum, a0, a1, a2, a3
  li \sum, 0
  .endr
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 1, s10, 2f
  begin_run \bits, 1f, s0
  .set part, 0
  .rept 8 / \bits
  cv.lw s10, (s0), 4
  load_weights \bits
  cv.sdotsp.b a0, s10, s6
  cv.sdotsp.b a1, s10, s7
  cv.sdotsp.b a2, s10, s8
  cv.sdotsp.b a3, s10, s9
  .set part, part + 1
  .endr
1:
  end_run
2:
  TW_LOOP_END
  scale_sums \bits, a0, a1, a2, a3
  .endm

  /* One row's four outputs: sums to a word in the first one. Scale s6 to s9, bias s0 to s3, shift
   * s10. */
  .macro requantise sum_0, sum_1, sum_2, sum_3
  mul \sum_0, \sum_0, s6
  mul \sum_1, \sum_1, s7
  mul \sum_2, \sum_2, s8
  mul \sum_3, \sum_3, s9
  cv.addnr \sum_0, s0, s10
  cv.addnr \sum_1, s1, s10
  cv.addnr \sum_2, s2, s10
  cv.addnr \sum_3, s3, s10
  cv.clip \sum_0, \sum_0, 8
  cv.clip \sum_1, \sum_1, 8
  cv.clip \sum_2, \sum_2, 8
  cv.clip \sum_3, \sum_3, 8
  cv.packhi.b \sum_0, \sum_3, \sum_2
  cv.packlo.b \sum_0, \sum_1, \sum_0
  .endm

  /* Limits in s5 and s11. */
  .macro limit word
  cv.max.sc.b \word, \word, s5
  cv.min.sc.b \word, \word, s11
  .endm

  /* Reads scale and bias at s4, which moves on to the next block. */
  .macro load_constants
  lw s10, FRAME_SHIFT(sp)
  lw s5, FRAME_LOW(sp)
  lw s11, FRAME_HIGH(sp)
  .irp register, s6, s7, s8, s9, s0, s1, s2, s3
  cv.lw \register, (s4), 4
  .endr
  .endm

  /* Branches if there is another block. */
  .macro next_block label
  lw s6, FRAME_BLOCKS(sp)
  addi s6, s6, -1
  sw s6, FRAME_BLOCKS(sp)
  bnez s6, \label
  .endm

  .macro function name
  .section .text.\name, "ax", @progbits
  .globl \name
  .type \name, @function
  .balign 16
\name:
  .endm

  /* tw_packed_groups */
  .set GROUPS_COUNT, 0
  .set GROUPS_START_STEP, 4
  .set GROUPS_OUTPUT_STEP, 8

  .macro block_functions bits, suffix
  function tw_packed_groups_4\suffix
  enter 4
  lw a2, GROUPS_COUNT(a1)
  lw a3, GROUPS_START_STEP(a1)
  lw a4, GROUPS_OUTPUT_STEP(a1)
  lw a5, ROWS_BLOCKS(a0)
  lw a6, ROWS_RUNS(a0)
  sw a2, FRAME_GROUPS(sp)
  sw a3, FRAME_START_STEP(sp)
  sw a4, FRAME_OUTPUT_STEP(sp)
  sw a5, FRAME_ALL_BLOCKS(sp)
  sw s4, FRAME_WEIGHTS(sp)
  .irp offset, 0, 4, 8, 12, 16
  lw a2, \offset(a6)
  sw a2, FRAME_RUN + \offset(sp)
  .endr
  addi a6, sp, FRAME_RUN
  sw a6, FRAME_RUNS(sp)
  j blocks_of_4_rows\suffix
  .size tw_packed_groups_4\suffix, . - tw_packed_groups_4\suffix

  .section .text.tw_packed_groups_4\suffix, "ax", @progbits
  .globl tw_packed_rows_4\suffix
  .type tw_packed_rows_4\suffix, @function
  .balign 16
tw_packed_rows_4\suffix:
  enter 4
  li a2, 1
  sw a2, FRAME_GROUPS(sp)
  .balign 16
blocks_of_4_rows\suffix:
  sums_of_4_rows \bits
  load_constants
  requantise a0, a1, a2, a3
  lw a1, FRAME_OUTPUTS(sp)
  requantise a4, a5, a6, a7
  lw a2, FRAME_OUTPUTS + 4(sp)
  requantise t0, t1, t2, t3
  lw a3, FRAME_OUTPUTS + 8(sp)
  requantise t4, t5, t6, ra
  lw a5, FRAME_OUTPUTS + 12(sp)
  limit a0
  limit a4
  limit t0
  limit t4
  cv.sw a0, (a1), 4
  cv.sw a4, (a2), 4
  cv.sw t0, (a3), 4
  cv.sw t4, (a5), 4
  sw a1, FRAME_OUTPUTS(sp)
  sw a2, FRAME_OUTPUTS + 4(sp)
  sw a3, FRAME_OUTPUTS + 8(sp)
  sw a5, FRAME_OUTPUTS + 12(sp)
  next_block blocks_of_4_rows\suffix

  lw a0, FRAME_GROUPS(sp)
  lw a1, FRAME_START_STEP(sp)
  addi a0, a0, -1
  beqz a0, 20f
  sw a0, FRAME_GROUPS(sp)
  lw a2, FRAME_OUTPUT_STEP(sp)
  lw a3, FRAME_ALL_BLOCKS(sp)
  lw s4, FRAME_WEIGHTS(sp)
  sw a3, FRAME_BLOCKS(sp)
  .irp offset, 0, 4, 8, 12
  lw a4, FRAME_RUN + \offset(sp)
  lw a5, FRAME_OUTPUTS + \offset(sp)
  add a4, a4, a1
  add a5, a5, a2
  sw a4, FRAME_RUN + \offset(sp)
  sw a5, FRAME_OUTPUTS + \offset(sp)
  .endr
  j blocks_of_4_rows\suffix
20:
  leave
  .size tw_packed_rows_4\suffix, . - tw_packed_rows_4\suffix

  function tw_packed_rows_2\suffix
  enter 2
  .balign 16
10:
  sums_of_2_rows \bits
  load_constants
  requantise a0, a1, a2, a3
  lw a1, FRAME_OUTPUTS(sp)
  requantise a4, a5, a6, a7
  lw a2, FRAME_OUTPUTS + 4(sp)
  limit a0
  limit a4
  cv.sw a0, (a1), 4
  cv.sw a4, (a2), 4
  sw a1, FRAME_OUTPUTS(sp)
  sw a2, FRAME_OUTPUTS + 4(sp)
  next_block 10b
  leave
  .size tw_packed_rows_2\suffix, . - tw_packed_rows_2\suffix

  function tw_packed_rows_1\suffix
  enter 1
  .balign 16
10:
  sums_of_1_row \bits
  load_constants
  requantise a0, a1, a2, a3
  lw a1, FRAME_OUTPUTS(sp)
  limit a0
  cv.sw a0, (a1), 4
  sw a1, FRAME_OUTPUTS(sp)
  next_block 10b
  leave
  .size tw_packed_rows_1\suffix, . - tw_packed_rows_1\suffix

  /* Sums alone, of one block: a1 is where they go. */
  function tw_packed_sums_4\suffix
  enter 4
  sw a1, FRAME_SUMS(sp)
  sums_of_4_rows \bits
  lw s0, FRAME_SUMS(sp)
  .irp sum, a0, a1, a2, a3, a4, a5, a6, a7, t0, t1, t2, t3, t4, t5, t6, ra
  cv.sw \sum, (s0), 4
  .endr
  leave
  .size tw_packed_sums_4\suffix, . - tw_packed_sums_4\suffix

  function tw_packed_sums_1\suffix
  enter 1
  sw a1, FRAME_SUMS(sp)
  sums_of_1_row \bits
  lw s0, FRAME_SUMS(sp)
  .irp sum, a0, a1, a2, a3
  cv.sw \sum, (s0), 4
  .endr
  leave
  .size tw_packed_sums_1\suffix, . - tw_packed_sums_1\suffix
  .endm

  block_functions 8,
  block_functions 4, _w4
  block_functions 2, _w2

  /* A vector: one row of one run, two blocks of outputs at a time. A matrix-vector product of a
   * language model is short, and many kernels share an instruction cache: little is set up or
   * saved, and the code is small.
   *
   * a0 values, a1 words, a2 weights, a3 blocks, a4 output, a5 shift, a6 low, a7 high. Sums t0 to
   * t6 and s0; s1 to s3 words, s4 the values' place, s5 the second block's. */
  .macro requantise_vector from, sum_0, sum_1, sum_2, sum_3
  cv.lw s1, (\from), 4
  cv.lw s2, (\from), 4
  cv.lw s3, (\from), 4
  mul \sum_0, \sum_0, s1
  cv.lw s1, (\from), 4
  mul \sum_1, \sum_1, s2
  cv.lw s2, (\from), 4
  mul \sum_2, \sum_2, s3
  cv.lw s3, (\from), 4
  mul \sum_3, \sum_3, s1
  cv.lw s1, (\from), 4
  cv.addnr \sum_0, s2, a5
  cv.lw s2, (\from), 4
  cv.addnr \sum_1, s3, a5
  cv.addnr \sum_2, s1, a5
  cv.addnr \sum_3, s2, a5
  .irp sum, \sum_0, \sum_1, \sum_2, \sum_3
  cv.clip \sum, \sum, 8
  .endr
  cv.packhi.b \sum_0, \sum_3, \sum_2
  cv.packlo.b \sum_0, \sum_1, \sum_0
  cv.max.sc.b \sum_0, \sum_0, a6
  cv.min.sc.b \sum_0, \sum_0, a7
  cv.sw \sum_0, (a4), 4
  .endm

  .section .text.hot.tw_packed_vector, "ax", @progbits
  .globl tw_packed_vector
  .type tw_packed_vector, @function
  .balign 4
tw_packed_vector:
  addi sp, sp, -32
  .set offset, 0
  .irp register, s0, s1, s2, s3, s4, s5
  sw \register, offset(sp)
  .set offset, offset + 4
  .endr
10:
  mv s4, a0
  li t0, 0
  li t1, 0
  li t2, 0
  li t3, 0
  addi a3, a3, -2
  bltz a3, 20f
  li t4, 0
  li t5, 0
  li t6, 0
  li s0, 0
  slli s5, a1, 4
  addi s5, s5, 32
  add s5, s5, a2
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 0, a1, 1f
  cv.lw s3, (s4), 4
  cv.lw s1, (a2), 4
  cv.lw s2, (a2), 4
  cv.sdotsp.b t0, s3, s1
  cv.lw s1, (a2), 4
  cv.sdotsp.b t1, s3, s2
  cv.lw s2, (a2), 4
  cv.sdotsp.b t2, s3, s1
  cv.lw s1, (s5), 4
  cv.sdotsp.b t3, s3, s2
  cv.lw s2, (s5), 4
  cv.sdotsp.b t4, s3, s1
  cv.lw s1, (s5), 4
  cv.sdotsp.b t5, s3, s2
  cv.lw s2, (s5), 4
  cv.sdotsp.b t6, s3, s1
  cv.sdotsp.b s0, s3, s2
1:
  TW_LOOP_END
15:
  requantise_vector a2, t0, t1, t2, t3
  bltz a3, 30f
  requantise_vector s5, t4, t5, t6, s0
  mv a2, s5
  bnez a3, 10b
30:
  .set offset, 0
  .irp register, s0, s1, s2, s3, s4, s5
  lw \register, offset(sp)
  .set offset, offset + 4
  .endr
  addi sp, sp, 32
  ret

  /* The last block. */
20:
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 0, a1, 1f
  cv.lw s3, (s4), 4
  cv.lw s1, (a2), 4
  cv.lw s2, (a2), 4
  cv.sdotsp.b t0, s3, s1
  cv.lw s1, (a2), 4
  cv.sdotsp.b t1, s3, s2
  cv.lw s2, (a2), 4
  cv.sdotsp.b t2, s3, s1
  cv.sdotsp.b t3, s3, s2
1:
  TW_LOOP_END
  j 15b
  .size tw_packed_vector, . - tw_packed_vector

  /* The same with weights of fewer bits. Words of values, as many as a stored word meets, s3, s6, s8
   * and s9; what is unpacked s7, the number of stored words s10. Stored words alternate in s1 and
   * s2, the next but one of an output's is loaded when its own is used up. */
  .macro multiply_stored bits, sum, stored
  .set part, 0
  .irp values, s3, s6, s8, s9
  .if part < 8 / \bits
  unpack \bits, s7, \stored
  cv.sdotsp.b \sum, \values, s7
  .endif
  .set part, part + 1
  .endr
  .endm

  .macro load_values bits
  cv.lw s3, (s4), 4
  cv.lw s6, (s4), 4
  .if \bits == 2
  cv.lw s8, (s4), 4
  cv.lw s9, (s4), 4
  .endif
  .endm

  .macro vector_function bits, suffix
  .section .text.hot.tw_packed_vector\suffix, "ax", @progbits
  .globl tw_packed_vector\suffix
  .type tw_packed_vector\suffix, @function
  .balign 4
tw_packed_vector\suffix:
  addi sp, sp, -48
  .set offset, 0
  .irp register, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10
  sw \register, offset(sp)
  .set offset, offset + 4
  .endr
  srli s10, a1, LOG2_PARTS_\bits
10:
  mv s4, a0
  li t0, 0
  li t1, 0
  li t2, 0
  li t3, 0
  addi a3, a3, -2
  bltz a3, 20f
  li t4, 0
  li t5, 0
  li t6, 0
  li s0, 0
  slli s5, s10, 4
  addi s5, s5, 32
  add s5, s5, a2
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 0, s10, 1f
  load_values \bits
  cv.lw s1, (a2), 4
  cv.lw s2, (a2), 4
  multiply_stored \bits, t0, s1
  cv.lw s1, (a2), 4
  multiply_stored \bits, t1, s2
  cv.lw s2, (a2), 4
  multiply_stored \bits, t2, s1
  cv.lw s1, (s5), 4
  multiply_stored \bits, t3, s2
  cv.lw s2, (s5), 4
  multiply_stored \bits, t4, s1
  cv.lw s1, (s5), 4
  multiply_stored \bits, t5, s2
  cv.lw s2, (s5), 4
  multiply_stored \bits, t6, s1
  multiply_stored \bits, s0, s2
1:
  TW_LOOP_END
  scale_sums \bits, t4, t5, t6, s0
15:
  scale_sums \bits, t0, t1, t2, t3
  requantise_vector a2, t0, t1, t2, t3
  bltz a3, 30f
  requantise_vector s5, t4, t5, t6, s0
  mv a2, s5
  bnez a3, 10b
30:
  .set offset, 0
  .irp register, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10
  lw \register, offset(sp)
  .set offset, offset + 4
  .endr
  addi sp, sp, 48
  ret

  /* The last block. */
20:
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 0, s10, 1f
  load_values \bits
  cv.lw s1, (a2), 4
  cv.lw s2, (a2), 4
  multiply_stored \bits, t0, s1
  cv.lw s1, (a2), 4
  multiply_stored \bits, t1, s2
  cv.lw s2, (a2), 4
  multiply_stored \bits, t2, s1
  multiply_stored \bits, t3, s2
1:
  TW_LOOP_END
  j 15b
  .size tw_packed_vector\suffix, . - tw_packed_vector\suffix
  .endm

  vector_function 4, _w4
  vector_function 2, _w2
