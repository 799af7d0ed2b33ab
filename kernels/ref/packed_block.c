#include "tilewright/packed_block.h"

#include "tilewright/arithmetic.h"

/* Constants of a block follow its weights; they are aligned as the block is. */
static uint32_t word_at(const int8_t *bytes) {
  return *(const tw_packed_constant *)(const void *)bytes;
}

static uint32_t count_words(const tw_packed_rows *rows) {
  uint32_t words = 0;
  for (uint32_t run = 0; run < rows->run_count; ++run) {
    words += rows->runs[run].words;
  }
  return words;
}

/* What value i of word `part` of a stored word meets. */
static inline int32_t weight_at(const int8_t *stored, uint32_t i, uint32_t part, uint32_t bits) {
  const uint32_t byte = (uint8_t)stored[i];
  return (int8_t)(uint8_t)(byte >> (part * bits) << (8 - bits)) >> (8 - bits);
}

static inline int32_t sum_of(const tw_packed_rows *rows, uint32_t row, const int8_t *weights,
                             uint32_t bits) {
  int32_t sum = 0;
  for (uint32_t run = 0; run < rows->run_count; ++run) {
    const int8_t *values = rows->runs[run].starts[row];
    for (uint32_t word = 0; word < rows->runs[run].words; word += 8 / bits) {
      for (uint32_t part = 0; part < 8 / bits; ++part) {
        for (uint32_t i = 0; i < TW_PACKED_VALUES; ++i) {
          sum += *values++ * weight_at(weights, i, part, bits);
        }
      }
      weights += TW_PACKED_VALUES * TW_PACKED_OUTPUTS;
    }
  }
  return sum;
}

static inline void compute_rows(const tw_packed_rows *rows, uint32_t count, uint32_t bits) {
  const uint32_t words = count_words(rows);
  const int8_t *block = rows->weights;
  for (uint32_t b = 0; b < rows->blocks; ++b) {
    const int8_t *scale = block + words * TW_PACKED_VALUES * TW_PACKED_OUTPUTS * bits / 8;
    const int8_t *bias = scale + sizeof(uint32_t) * TW_PACKED_OUTPUTS;
    for (uint32_t row = 0; row < count; ++row) {
      for (uint32_t o = 0; o < TW_PACKED_OUTPUTS; ++o) {
        rows->outputs[row][b * TW_PACKED_OUTPUTS + o] = tw_requantise(
            sum_of(rows, row, block + o * TW_PACKED_VALUES, bits), word_at(scale + 4 * o),
            (int32_t)word_at(bias + 4 * o), rows->shift, rows->low, rows->high);
      }
    }
    block += tw_packed_block_bytes(words, bits);
  }
}

static inline void compute_vector(const int8_t *values, uint32_t words, const int8_t *weights,
                                  uint32_t blocks, int8_t *output, uint32_t shift, int32_t low,
                                  int32_t high, uint32_t bits) {
  const tw_packed_run run = {{values}, words};
  const tw_packed_rows rows = {
      .runs = &run,
      .run_count = 1,
      .weights = weights,
      .block_bytes = tw_packed_block_bytes(words, bits),
      .blocks = blocks,
      .outputs = {output},
      .shift = shift,
      .low = low,
      .high = high,
  };
  compute_rows(&rows, 1, bits);
}

static inline void compute_groups(const tw_packed_rows *rows, const tw_packed_groups *groups,
                                  uint32_t bits) {
  tw_packed_run run = rows->runs[0];
  tw_packed_rows group = *rows;
  group.runs = &run;
  for (uint32_t g = 0; g < groups->count; ++g) {
    compute_rows(&group, TW_PACKED_ROWS, bits);
    for (uint32_t row = 0; row < TW_PACKED_ROWS; ++row) {
      run.starts[row] += groups->start_step;
      group.outputs[row] += group.blocks * TW_PACKED_OUTPUTS + groups->output_step;
    }
  }
}

static inline void compute_sums(const tw_packed_rows *rows, uint32_t row, int32_t *sums,
                                uint32_t bits) {
  for (uint32_t o = 0; o < TW_PACKED_OUTPUTS; ++o) {
    sums[o] = sum_of(rows, row, rows->weights + o * TW_PACKED_VALUES, bits);
  }
}

/* The functions for weights of so many bits. */
#define DEFINE_BLOCK_FUNCTIONS(suffix, bits)                                                    \
  void tw_packed_rows_4##suffix(const tw_packed_rows *rows) { compute_rows(rows, 4, bits); }    \
  void tw_packed_rows_2##suffix(const tw_packed_rows *rows) { compute_rows(rows, 2, bits); }    \
  void tw_packed_rows_1##suffix(const tw_packed_rows *rows) { compute_rows(rows, 1, bits); }    \
  void tw_packed_vector##suffix(const int8_t *values, uint32_t words, const int8_t *weights,    \
                                uint32_t blocks, int8_t *output, uint32_t shift, int32_t low,   \
                                int32_t high) {                                                 \
    compute_vector(values, words, weights, blocks, output, shift, low, high, bits);             \
  }                                                                                             \
  void tw_packed_groups_4##suffix(const tw_packed_rows *rows, const tw_packed_groups *groups) { \
    compute_groups(rows, groups, bits);                                                         \
  }                                                                                             \
  void tw_packed_sums_4##suffix(const tw_packed_rows *rows,                                     \
                                int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS]) {              \
    for (uint32_t row = 0; row < TW_PACKED_ROWS; ++row) {                                       \
      compute_sums(rows, row, sums[row], bits);                                                 \
    }                                                                                           \
  }                                                                                             \
  void tw_packed_sums_1##suffix(const tw_packed_rows *rows, int32_t sums[TW_PACKED_OUTPUTS]) {  \
    compute_sums(rows, 0, sums, bits);                                                          \
  }

DEFINE_BLOCK_FUNCTIONS(, 8u)
DEFINE_BLOCK_FUNCTIONS(_w4, 4u)
DEFINE_BLOCK_FUNCTIONS(_w2, 2u)
