/* Depthwise 3x3 convolutions of planes on CORE-V cores: see tilewright/depthwise.h.
 *
 * A word of a plane has the taps of a kernel's row for two outputs with stride 1: [w0 w1 w2 0] is
 * the first one's, [0 w0 w1 w2] the second one's. A strip of four outputs reads two words, two bytes
 * apart, one of which crosses a word and takes two cycles. It walks down the rows and loads each
 * once; a row is the last of one output row, the middle of the next and the first of the one after:
 *
 *     stride   loads      cv.(s)dotsp.b   requantisation, stores   cycles   for 36 MAC
 *          1   1 + 2           12                 16                   31
 *          2   2 * (2+4)       12                 16                   40
 *
 * Limits other than those of int8 take four cycles more. With stride 2 the rows in the middle serve one output row only, and every output has a word of
 * its own. */
#include "tilewright/hardware_loop.h"

  /* tw_depthwise_strips */
  .set STRIPS_PLANE, 0
  .set STRIPS_PITCH, 4
  .set STRIPS_PLANE_BYTES, 8
  .set STRIPS_WEIGHTS, 12
  .set STRIPS_SHIFT, 16
  .set STRIPS_LOW, 20
  .set STRIPS_HIGH, 24
  .set STRIPS_OUTPUT, 28
  .set STRIPS_PIXEL_STRIDE, 32
  .set STRIPS_ROW_STRIDE, 36
  .set STRIPS_ROWS, 40
  .set STRIPS_WIDTH, 44
  .set STRIPS_CHANNELS, 48

  .set FRAME_PLANE, 0         /* of the strip */
  .set FRAME_OUTPUT, 4
  .set FRAME_LEFT, 8          /* outputs of the row from this strip on */
  .set FRAME_ROWS, 12
  .set FRAME_WIDTH, 16
  .set FRAME_CHANNEL_PLANE, 20
  .set FRAME_CHANNEL_OUTPUT, 24
  .set FRAME_CHANNELS, 28
  .set FRAME_WEIGHTS, 32
  .set FRAME_PLANE_BYTES, 36
  .set FRAME_SAVED, 40
  .set FRAME_BYTES, 96

  /* Registers of both: s0 plane, s1 its pitch; s2 output, s3 pixel stride, s4 from the last output
   * of a row to the first of the next; s5 scale, s6 bias, s7 shift, s8 low, s9 high. `before`:
   * where pointers to the plane stand in a row's words. */
  .macro enter before
  addi sp, sp, -FRAME_BYTES
  .set offset, FRAME_SAVED
  .irp register, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
  sw \register, offset(sp)
  .set offset, offset + 4
  .endr
  lw s0, STRIPS_PLANE(a0)
  lw s1, STRIPS_PITCH(a0)
  lw s2, STRIPS_OUTPUT(a0)
  lw s3, STRIPS_PIXEL_STRIDE(a0)
  lw s4, STRIPS_ROW_STRIDE(a0)
  lw s7, STRIPS_SHIFT(a0)
  lw s8, STRIPS_LOW(a0)
  lw s9, STRIPS_HIGH(a0)
  lw a1, STRIPS_ROWS(a0)
  lw a2, STRIPS_WIDTH(a0)
  lw a3, STRIPS_CHANNELS(a0)
  lw a4, STRIPS_PLANE_BYTES(a0)
  lw a0, STRIPS_WEIGHTS(a0)
  addi s0, s0, \before
  sub s4, s4, s3
  sub s4, s4, s3
  sub s4, s4, s3
  sw a1, FRAME_ROWS(sp)
  sw a2, FRAME_WIDTH(sp)
  sw a3, FRAME_CHANNELS(sp)
  sw a4, FRAME_PLANE_BYTES(sp)
  .endm

  /* A channel: weights of the rows to three registers, a0 moves on to the next channel's. */
  .macro begin_channel row_0, row_1, row_2
  cv.lw t0, (a0), 4
  cv.lw \row_1, (a0), 4
  cv.lw \row_2, (a0), 4
  cv.lw s5, (a0), 4
  cv.lw s6, (a0), 4
  lw a6, FRAME_WIDTH(sp)
  sw a0, FRAME_WEIGHTS(sp)
  sw s0, FRAME_CHANNEL_PLANE(sp)
  sw s2, FRAME_CHANNEL_OUTPUT(sp)
  sw s0, FRAME_PLANE(sp)
  sw s2, FRAME_OUTPUT(sp)
  sw a6, FRAME_LEFT(sp)
  mv \row_0, t0
  .endm

  .macro next_channel label
  lw a6, FRAME_CHANNELS(sp)
  lw s0, FRAME_CHANNEL_PLANE(sp)
  lw a7, FRAME_PLANE_BYTES(sp)
  lw s2, FRAME_CHANNEL_OUTPUT(sp)
  lw a0, FRAME_WEIGHTS(sp)
  addi a6, a6, -1
  add s0, s0, a7
  addi s2, s2, 1
  sw a6, FRAME_CHANNELS(sp)
  bnez a6, \label
  .endm

  /* Goes on to the next strip, if there is one. The last one may begin within the one before, so
   * that it ends with the row. */
  .macro next_strip stride, label
  lw a6, FRAME_LEFT(sp)
  lw s0, FRAME_PLANE(sp)
  lw s2, FRAME_OUTPUT(sp)
  addi a6, a6, -4
  blez a6, 9f
  li t0, 4
  cv.min a7, a6, t0
  cv.max a6, a6, t0
  mul t1, s3, a7
  .if \stride == 2
  slli a7, a7, 1
  .endif
  sw a6, FRAME_LEFT(sp)
  add s0, s0, a7
  add s2, s2, t1
  sw s0, FRAME_PLANE(sp)
  sw s2, FRAME_OUTPUT(sp)
  j \label
9:
  .endm

  /* Branches if the limits are not those of int8. */
  .macro branch_if_limited label
  addi t0, s8, 128
  addi t1, s9, -127
  or t0, t0, t1
  bnez t0, \label
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

  /* Requantises four sums and stores them: with limits, or to all of int8. */
  .macro finish limited, sums:vararg
  .irp sum, \sums
  mul \sum, \sum, s5
  .endr
  .irp sum, \sums
  cv.addnr \sum, s6, s7
  .endr
  .if \limited
  .irp sum, \sums
  cv.max \sum, \sum, s8
  .endr
  .irp sum, \sums
  cv.min \sum, \sum, s9
  .endr
  .else
  .irp sum, \sums
  cv.clip \sum, \sum, 8
  .endr
  .endif
  store \sums
  .endm

  .macro store sum_0, sum_1, sum_2, sum_3
  cv.sb \sum_0, (s2), s3
  cv.sb \sum_1, (s2), s3
  cv.sb \sum_2, (s2), s3
  cv.sb \sum_3, (s2), s4
  .endm

  .macro function name
  .section .text.\name, "ax", @progbits
  .globl \name
  .type \name, @function
  .balign 16
\name:
  .endm

  /* Stride 1. Words of the row s10 and s11; weights of the rows, for the first and the second
   * output of a word: a0 and a1, a2 and a3, a4 and a5. */
  .macro load_row
  lw s10, -2(s0)
  cv.lw s11, (s0), s1
  .endm

  .macro begin_sums first, second, sum_0, sum_1, sum_2, sum_3
  cv.dotsp.b \sum_0, s10, \first
  cv.dotsp.b \sum_1, s10, \second
  cv.dotsp.b \sum_2, s11, \first
  cv.dotsp.b \sum_3, s11, \second
  .endm

  .macro add_to_sums first, second, sum_0, sum_1, sum_2, sum_3
  cv.sdotsp.b \sum_0, s10, \first
  cv.sdotsp.b \sum_1, s10, \second
  cv.sdotsp.b \sum_2, s11, \first
  cv.sdotsp.b \sum_3, s11, \second
  .endm

  /* The sums of an output row end in t0 to t2 and ra, those of the next row go on in t3 to t6, and
   * those of the row after begin where the first ones were. */
  .macro step_t0 limited
  load_row
  add_to_sums a4, a5, t0, t1, t2, ra
  add_to_sums a2, a3, t3, t4, t5, t6
  finish \limited, t0, t1, t2, ra
  begin_sums a0, a1, t0, t1, t2, ra
  .endm

  /* The same, the other way round. */
  .macro step_t3 limited
  load_row
  add_to_sums a4, a5, t3, t4, t5, t6
  add_to_sums a2, a3, t0, t1, t2, ra
  finish \limited, t3, t4, t5, t6
  begin_sums a0, a1, t3, t4, t5, t6
  .endm

  /* Pairs of rows; a last one alone is out of the way, so that the rest fits into the core's
   * instruction cache. */
  .macro strips_1 limited
10:
  begin_channel a0, a2, a4
  slli a1, a0, 8
  slli a3, a2, 8
  slli a5, a4, 8
1:
  load_row
  begin_sums a0, a1, t0, t1, t2, ra
  load_row
  add_to_sums a2, a3, t0, t1, t2, ra
  begin_sums a0, a1, t3, t4, t5, t6
  lw a6, FRAME_ROWS(sp)
  srli a7, a6, 1
  beqz a7, 5f
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 0, a7, 2f
  step_t0 \limited
  step_t3 \limited
2:
  TW_LOOP_END
  andi a6, a6, 1
  bnez a6, 5f
4:
  next_strip 1, 1b
  next_channel 10b
  leave
5:
  step_t0 \limited
  j 4b
  .endm

  function tw_depthwise_strips_1
  enter 2
  branch_if_limited 20f
  strips_1 0
20:
  strips_1 1
  .size tw_depthwise_strips_1, . - tw_depthwise_strips_1

  /* Stride 2. Words of the row s10, s11, a6 and a7; weights of the rows a0 to a2; sums t0 to t3. */
  .macro load_wide_row
  lw s10, -6(s0)
  lw s11, -4(s0)
  lw a6, -2(s0)
  cv.lw a7, (s0), s1
  .endm

  .macro add_wide_row operation, weights
  \operation t0, s10, \weights
  \operation t1, s11, \weights
  \operation t2, a6, \weights
  \operation t3, a7, \weights
  .endm

  .macro strips_2 limited
10:
  begin_channel a0, a1, a2
1:
  load_wide_row
  lw t4, FRAME_ROWS(sp)
  add_wide_row cv.dotsp.b, a0
  TW_LOOP_BEGIN
  TW_LOOP_SETUP 0, t4, 2f
  load_wide_row
  add_wide_row cv.sdotsp.b, a1
  load_wide_row
  add_wide_row cv.sdotsp.b, a2
  finish \limited, t0, t1, t2, t3
  add_wide_row cv.dotsp.b, a0
2:
  TW_LOOP_END
  next_strip 2, 1b
  next_channel 10b
  leave
  .endm

  function tw_depthwise_strips_2
  enter 6
  branch_if_limited 20f
  strips_2 0
20:
  strips_2 1
  .size tw_depthwise_strips_2, . - tw_depthwise_strips_2
