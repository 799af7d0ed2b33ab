/* Blocks of outputs for a few rows: a template, see weight_bits.h. */
#include <stddef.h>

#include "tilewright/arithmetic.h"
#include "tilewright/packed_block.h"
#include "tilewright/weight_bits.h"

static void compute(const tw_packed_rows *rows, uint32_t count) {
  if (count == 1 && rows->run_count == 1) {
    TW_OF_BITS(tw_packed_vector)(rows->runs[0].starts[0], rows->runs[0].words, rows->weights,
                                 rows->blocks, rows->outputs[0], rows->shift, rows->low,
                                 rows->high);
  } else if (count == 1) {
    TW_OF_BITS(tw_packed_rows_1)(rows);
  } else if (count == 2) {
    TW_OF_BITS(tw_packed_rows_2)(rows);
  } else {
    TW_OF_BITS(tw_packed_rows_4)(rows);
  }
}

static inline void skip_outputs(tw_packed_rows *rows, uint32_t blocks) {
  for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
    rows->outputs[i] += blocks * TW_PACKED_OUTPUTS;
  }
}

/* The last block, of which only some outputs exist: rows store whole blocks elsewhere. */
static void compute_last(tw_packed_rows rows, uint32_t count, uint32_t outputs) {
  int8_t whole[TW_PACKED_ROWS][TW_PACKED_OUTPUTS] __attribute__((aligned(4)));
  int8_t *wanted[TW_PACKED_ROWS];
  for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
    wanted[i] = rows.outputs[i];
    rows.outputs[i] = whole[i];
  }
  rows.blocks = 1;
  compute(&rows, count);
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t o = 0; o < outputs; ++o) {
      wanted[i][o] = whole[i][o];
    }
  }
}

/* Requantises one block with 64 bits. */
static void compute_wide(const tw_packed_rows *rows, uint32_t count, uint32_t outputs,
                         const tw_packed_requantisation *requantisation) {
  const int8_t *constants =
      rows->weights + rows->block_bytes - 2 * sizeof(int32_t) * TW_PACKED_OUTPUTS;
  const tw_packed_constant *scale = (const tw_packed_constant *)(const void *)constants;
  const tw_packed_constant *bias = scale + TW_PACKED_OUTPUTS;
  int32_t sums[TW_PACKED_ROWS][TW_PACKED_OUTPUTS];
  if (count == 1) {
    TW_OF_BITS(tw_packed_sums_1)(rows, sums[0]);
  } else {
    TW_OF_BITS(tw_packed_sums_4)(rows, sums);
  }
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t o = 0; o < outputs; ++o) {
      rows->outputs[i][o] =
          tw_requantise_wide(sums[i][o], scale[o], (int32_t)bias[o], rows->shift,
                             requantisation->output_zero_point, rows->low, rows->high);
    }
  }
}

void TW_OF_BITS(tw_packed_columns)(tw_packed_run *runs, uint32_t run_count, uint32_t count,
                                   const int8_t *weights, uint32_t block_bytes, uint32_t begin,
                                   uint32_t end, uint32_t columns,
                                   const tw_packed_requantisation *requantisation, int8_t *output) {
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
    rows.outputs[i] = output;
    /* Rows that do not exist are computed as the last one that does. */
    output += i + 1 < count ? columns : 0;
  }
  const uint32_t full = columns / TW_PACKED_OUTPUTS;
  uint32_t block = begin;
  if (!requantisation->wide && begin < full) {
    rows.blocks = (end < full ? end : full) - begin;
    skip_outputs(&rows, begin);
    compute(&rows, count);
    block += rows.blocks;
    if (block == end) {
      return;
    }
    rows.weights += rows.blocks * block_bytes;
    skip_outputs(&rows, rows.blocks);
  } else {
    skip_outputs(&rows, begin);
  }
  for (; block < end; ++block) {
    const uint32_t left = columns - block * TW_PACKED_OUTPUTS;
    const uint32_t outputs = left < TW_PACKED_OUTPUTS ? left : TW_PACKED_OUTPUTS;
    if (requantisation->wide) {
      compute_wide(&rows, count, outputs, requantisation);
    } else {
      compute_last(rows, count, outputs);
    }
    rows.weights += block_bytes;
    skip_outputs(&rows, 1);
  }
}
