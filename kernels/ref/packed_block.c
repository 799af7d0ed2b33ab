#include "tilewright/packed_block.h"

#include "tilewright/arithmetic.h"

/* Constants of a block follow its weights; they are aligned as the block is. */
static uint32_t word_at(const int8_t *bytes) { return *(const uint32_t *)(const void *)bytes; }

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

void tw_packed_sums_4(const tw_packed_rows *rows, int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS]) {
  for (uint32_t row = 0; row < TW_PACKED_ROWS; ++row) {
    for (uint32_t o = 0; o < TW_PACKED_OUTPUTS; ++o) {
      sums[row][o] = sum_of(rows, row, rows->weights + o * TW_PACKED_VALUES);
    }
  }
}
