/* Products of a few rows of int8 activations with packed weights, requantised: the inner part of
 * matrix products and convolutions. No kernel itself.
 *
 * Packed weights are blocks of four outputs, each a multiple of 4 bytes:
 *
 *     int8   weights[words][4 outputs][4 values]    what the outputs' sums meet, word by word
 *     uint32 scale[4]
 *     int32  bias[4]
 *
 * so that one pointer walks through all that an output needs. Words hold values that are
 * consecutive in the row; where a row or the outputs end before a word or a block does, weights,
 * scale and bias are zero.
 *
 * Weights of B = 4 or 2 bits lie in stored words of 8 / B words, which have to come in whole ones:
 *
 *     int8   weights[words * B / 8][4 outputs][4 bytes]
 *
 * Byte i of a stored word has the weights of value i of each of its words, as two's complement, the
 * first one in the lowest bits. Functions for them end with _w4 and _w2; words are always those of
 * values, and every run has whole stored words. With 4 bits a sum has at most 2^17 products. */
#ifndef TILEWRIGHT_PACKED_BLOCK_H_
#define TILEWRIGHT_PACKED_BLOCK_H_

#include <stdint.h>

/* How scale and bias are read from the bytes of a block. */
typedef uint32_t __attribute__((__may_alias__)) tw_packed_constant;

/* Outputs of a block, and values of a word. */
#define TW_PACKED_OUTPUTS 4u
#define TW_PACKED_VALUES 4u

/* Rows that are computed together at most. */
#define TW_PACKED_ROWS 4u

/* Bytes of a block whose outputs are sums over `words` words, with weights of `bits` bits. */
static inline uint32_t tw_packed_block_bytes(uint32_t words, uint32_t bits) {
  return (words * TW_PACKED_VALUES * bits / 8 + 2 * (uint32_t)sizeof(int32_t)) * TW_PACKED_OUTPUTS;
}

/* Values that are consecutive in memory, of each row. Starts need not be aligned, but aligned ones
 * are faster. */
typedef struct {
  const int8_t *starts[TW_PACKED_ROWS];
  uint32_t words; /* 1 or more */
} tw_packed_run;

/* The rows of one call: 4, 2 or 1, made of the same runs. */
typedef struct {
  const tw_packed_run *runs;
  uint32_t run_count;    /* 1 or more */
  const int8_t *weights; /* of the first block, a multiple of 4 */
  uint32_t block_bytes;
  uint32_t blocks;                 /* of outputs that are computed one after the other, 1 or more */
  int8_t *outputs[TW_PACKED_ROWS]; /* where each row's `blocks` * 4 outputs go */
  uint32_t shift;
  int32_t low;
  int32_t high;
} tw_packed_rows;

/* Further rows of four, which are computed one after the other by tw_packed_rows_4. */
typedef struct {
  uint32_t count;       /* of groups of rows, 1 or more */
  uint32_t start_step;  /* bytes from the start of a group's rows to those of the next */
  uint32_t output_step; /* bytes from the end of a group's outputs to the begin of the next */
} tw_packed_groups;

/* outputs[i][o] = requantise(sum of values * weights, scale[o], bias[o]) for 4, 2 or 1 rows. */
void tw_packed_rows_4(const tw_packed_rows *rows);
void tw_packed_rows_2(const tw_packed_rows *rows);
void tw_packed_rows_1(const tw_packed_rows *rows);

/* The same for one row of one run of `words` words, at `values`, and blocks that follow each other.
 */
void tw_packed_vector(const int8_t *values, uint32_t words, const int8_t *weights, uint32_t blocks,
                      int8_t *output, uint32_t shift, int32_t low, int32_t high);

/* The same for groups of four rows of one run. */
void tw_packed_groups_4(const tw_packed_rows *rows, const tw_packed_groups *groups);

/* sums[i][o] = sum of values * weights of the first block, for 4 rows or 1. */
void tw_packed_sums_4(const tw_packed_rows *rows, int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS]);
void tw_packed_sums_1(const tw_packed_rows *rows, int32_t sums[TW_PACKED_OUTPUTS]);

/* The same with weights of 4 and 2 bits. */
void tw_packed_rows_4_w4(const tw_packed_rows *rows);
void tw_packed_rows_2_w4(const tw_packed_rows *rows);
void tw_packed_rows_1_w4(const tw_packed_rows *rows);
void tw_packed_vector_w4(const int8_t *values, uint32_t words, const int8_t *weights,
                         uint32_t blocks, int8_t *output, uint32_t shift, int32_t low,
                         int32_t high);
void tw_packed_groups_4_w4(const tw_packed_rows *rows, const tw_packed_groups *groups);
void tw_packed_sums_4_w4(const tw_packed_rows *rows,
                         int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS]);
void tw_packed_sums_1_w4(const tw_packed_rows *rows, int32_t sums[TW_PACKED_OUTPUTS]);
void tw_packed_rows_4_w2(const tw_packed_rows *rows);
void tw_packed_rows_2_w2(const tw_packed_rows *rows);
void tw_packed_rows_1_w2(const tw_packed_rows *rows);
void tw_packed_vector_w2(const int8_t *values, uint32_t words, const int8_t *weights,
                         uint32_t blocks, int8_t *output, uint32_t shift, int32_t low,
                         int32_t high);
void tw_packed_groups_4_w2(const tw_packed_rows *rows, const tw_packed_groups *groups);
void tw_packed_sums_4_w2(const tw_packed_rows *rows,
                         int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS]);
void tw_packed_sums_1_w2(const tw_packed_rows *rows, int32_t sums[TW_PACKED_OUTPUTS]);

/* How outputs of a kernel are requantised. */
typedef struct {
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;
  int32_t output_zero_point;
} tw_packed_requantisation;

/* Computes the blocks [begin, end) of `columns` outputs for `count` rows, 1 to 4.
 *
 * weights: of block 0. output: of the first row's output 0; rows
 * are `columns` apart. Starts of rows from `count` on must be readable too. */
void tw_packed_columns(tw_packed_run *runs, uint32_t run_count, uint32_t count,
                       const int8_t *weights, uint32_t block_bytes, uint32_t begin, uint32_t end,
                       uint32_t columns, const tw_packed_requantisation *requantisation,
                       int8_t *output);
void tw_packed_columns_w4(tw_packed_run *runs, uint32_t run_count, uint32_t count,
                          const int8_t *weights, uint32_t block_bytes, uint32_t begin, uint32_t end,
                          uint32_t columns, const tw_packed_requantisation *requantisation,
                          int8_t *output);
void tw_packed_columns_w2(tw_packed_run *runs, uint32_t run_count, uint32_t count,
                          const int8_t *weights, uint32_t block_bytes, uint32_t begin, uint32_t end,
                          uint32_t columns, const tw_packed_requantisation *requantisation,
                          int8_t *output);

#endif /* TILEWRIGHT_PACKED_BLOCK_H_ */
