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

static int32_t sum_of(const tw_packed_rows *rows, uint32_t row, const int8_t *weights) {
  int32_t sum = 0;
  for (uint32_t run = 0; run < rows->run_count; ++run) {
    const int8_t *values = rows->runs[run].starts[row];
    for (uint32_t word = 0; word < rows->runs[run].words; ++word) {
      for (uint32_t i = 0; i < TW_PACKED_VALUES; ++i) {
        sum += *values++ * weights[i];
      }
      weights += TW_PACKED_VALUES * TW_PACKED_OUTPUTS;
    }
  }
  return sum;
}

static void compute_rows(const tw_packed_rows *rows, uint32_t count) {
  const uint32_t words = count_words(rows);
  const int8_t *block = rows->weights;
  for (uint32_t b = 0; b < rows->blocks; ++b) {
    const int8_t *scale = block + words * TW_PACKED_VALUES * TW_PACKED_OUTPUTS;
    const int8_t *bias = scale + sizeof(uint32_t) * TW_PACKED_OUTPUTS;
    for (uint32_t row = 0; row < count; ++row) {
      for (uint32_t o = 0; o < TW_PACKED_OUTPUTS; ++o) {
        rows->outputs[row][b * TW_PACKED_OUTPUTS + o] =
            tw_requantise(sum_of(rows, row, block + o * TW_PACKED_VALUES), word_at(scale + 4 * o),
                          (int32_t)word_at(bias + 4 * o), rows->shift, rows->low, rows->high);
      }
    }
    block += tw_packed_block_bytes(words);
  }
}

void tw_packed_rows_4(const tw_packed_rows *rows) { compute_rows(rows, 4); }

void tw_packed_rows_2(const tw_packed_rows *rows) { compute_rows(rows, 2); }

void tw_packed_rows_1(const tw_packed_rows *rows) { compute_rows(rows, 1); }

void tw_packed_vector(const int8_t *values, uint32_t words, const int8_t *weights, uint32_t blocks,
                      int8_t *output, uint32_t shift, int32_t low, int32_t high) {
  const tw_packed_run run = {{values}, words};
  const tw_packed_rows rows = {
      .runs = &run,
      .run_count = 1,
      .weights = weights,
      .block_bytes = tw_packed_block_bytes(words),
      .blocks = blocks,
      .outputs = {output},
      .shift = shift,
      .low = low,
      .high = high,
  };
  compute_rows(&rows, 1);
}

void tw_packed_groups_4(const tw_packed_rows *rows, const tw_packed_groups *groups) {
  tw_packed_run run = rows->runs[0];
  tw_packed_rows group = *rows;
  group.runs = &run;
  for (uint32_t g = 0; g < groups->count; ++g) {
    compute_rows(&group, TW_PACKED_ROWS);
    for (uint32_t row = 0; row < TW_PACKED_ROWS; ++row) {
      run.starts[row] += groups->start_step;
      group.outputs[row] += group.blocks * TW_PACKED_OUTPUTS + groups->output_step;
    }
  }
}

static void compute_sums(const tw_packed_rows *rows, uint32_t row, int32_t *sums) {
  for (uint32_t o = 0; o < TW_PACKED_OUTPUTS; ++o) {
    sums[o] = sum_of(rows, row, rows->weights + o * TW_PACKED_VALUES);
  }
}

void tw_packed_sums_4(const tw_packed_rows *rows, int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS]) {
  for (uint32_t row = 0; row < TW_PACKED_ROWS; ++row) {
    compute_sums(rows, row, sums[row]);
  }
}

void tw_packed_sums_1(const tw_packed_rows *rows, int32_t sums[TW_PACKED_OUTPUTS]) {
  compute_sums(rows, 0, sums);
}
