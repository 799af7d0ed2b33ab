#include <stddef.h>

#include "tilewright/arithmetic.h"
#include "tilewright/packed_block.h"

static void compute(const tw_packed_rows *rows, uint32_t count) {
  if (count == 1) {
    tw_packed_rows_1(rows);
  } else if (count == 2) {
    tw_packed_rows_2(rows);
  } else {
    tw_packed_rows_4(rows);
  }
}

/* One block whose outputs cannot be stored as words, or are requantised with 64 bits. */
static void compute_singly(const tw_packed_rows *rows, uint32_t count, uint32_t outputs,
                           const int8_t *constants,
                           const tw_packed_requantisation *requantisation) {
  const uint32_t *scale = (const uint32_t *)(const void *)constants;
  const int32_t *bias = (const int32_t *)(const void *)(scale + TW_PACKED_OUTPUTS);
  int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS];
  tw_packed_sums_4(rows, sums);
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t o = 0; o < outputs; ++o) {
      rows->outputs[i][o] = tw_requantise_either(
          sums[i][o], scale[o], bias[o], requantisation->shift, requantisation->wide,
          requantisation->output_zero_point, requantisation->low, requantisation->high);
    }
  }
}

void tw_packed_columns(tw_packed_run *runs, uint32_t run_count, uint32_t count,
                       const int8_t *weights, uint32_t block_bytes, uint32_t begin, uint32_t end,
                       uint32_t columns, const tw_packed_requantisation *requantisation,
                       int8_t *output) {
  tw_packed_rows rows = {
      .runs = runs,
      .run_count = run_count,
      .weights = weights + begin * block_bytes,
      .block_bytes = block_bytes,
      .shift = requantisation->shift,
      .low = requantisation->low,
      .high = requantisation->high,
  };
  for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
    /* Rows that do not exist are computed as the last one that does. */
    rows.outputs[i] = output + (i < count ? i : count - 1) * columns + begin * TW_PACKED_OUTPUTS;
  }
  const uint32_t full = columns / TW_PACKED_OUTPUTS;
  const uint32_t whole = requantisation->wide ? begin : (end < full ? end : full);
  if (whole > begin) {
    rows.blocks = whole - begin;
    compute(&rows, count);
  }
  rows.weights = weights + whole * block_bytes;
  for (uint32_t block = whole > begin ? whole : begin; block < end; ++block) {
    const uint32_t left = columns - block * TW_PACKED_OUTPUTS;
    for (uint32_t i = 0; i < count; ++i) {
      rows.outputs[i] = output + i * columns + block * TW_PACKED_OUTPUTS;
    }
    rows.weights = weights + block * block_bytes;
    compute_singly(&rows, count, left < TW_PACKED_OUTPUTS ? left : TW_PACKED_OUTPUTS,
                   rows.weights + block_bytes - 2 * sizeof(int32_t) * TW_PACKED_OUTPUTS,
                   requantisation);
  }
}
