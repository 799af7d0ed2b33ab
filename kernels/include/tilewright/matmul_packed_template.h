/* Matrix products with packed weights: a template, see weight_bits.h. */
#include <stddef.h>

#include "tilewright/matmul.h"
#include "tilewright/packed_block.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"
#include "tilewright/weight_bits.h"

/* One row of whole words with whole blocks of outputs: there is little to do but for the products,
 * and a matrix-vector product is short. */
static inline void multiply_vector(const TW_PARAMETERS_OF_BITS(tw_matmul_packed_s8) * parameters,
                                   const int8_t *input, const int8_t *weights, int8_t *output,
                                   uint32_t core, uint32_t cores) {
  const tw_range share = tw_share(parameters->columns / TW_PACKED_OUTPUTS, core, cores);
  if (share.begin == share.end) {
    return;
  }
  const uint32_t words = parameters->inner / TW_PACKED_VALUES;
  TW_OF_BITS(tw_packed_vector)(input, words,
                               weights + share.begin * tw_packed_block_bytes(words, TW_WEIGHT_BITS),
                               share.end - share.begin, output + share.begin * TW_PACKED_OUTPUTS,
                               parameters->shift, parameters->low, parameters->high);
}

/* Groups of four rows of whole words with whole blocks of outputs. */
static void multiply_groups(const TW_PARAMETERS_OF_BITS(tw_matmul_packed_s8) * parameters,
                            const int8_t *input, const int8_t *weights, int8_t *output,
                            uint32_t count) {
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  const tw_packed_run run = {{input, input + inner, input + 2 * inner, input + 3 * inner},
                             inner / TW_PACKED_VALUES};
  const tw_packed_rows rows = {
      .runs = &run,
      .run_count = 1,
      .weights = weights,
      .block_bytes = tw_packed_block_bytes(run.words, TW_WEIGHT_BITS),
      .blocks = columns / TW_PACKED_OUTPUTS,
      .outputs = {output, output + columns, output + 2 * columns, output + 3 * columns},
      .shift = parameters->shift,
      .low = parameters->low,
      .high = parameters->high,
  };
  const tw_packed_groups groups = {count, TW_PACKED_ROWS * inner, (TW_PACKED_ROWS - 1) * columns};
  TW_OF_BITS(tw_packed_groups_4)(&rows, &groups);
}

/* Any product: groups of four rows by blocks of outputs. */
__attribute__((noinline)) static void multiply_rows(
    const TW_PARAMETERS_OF_BITS(tw_matmul_packed_s8) * parameters, const int8_t *input,
    const int8_t *weights, int8_t *output, int regular, uint32_t core, uint32_t cores) {
  const uint32_t inner = parameters->inner;
  const uint32_t columns = parameters->columns;
  const uint32_t words = inner / TW_PACKED_VALUES;
  const uint32_t rest = inner % TW_PACKED_VALUES;
  const uint32_t block_bytes = tw_packed_block_bytes(words + (rest != 0), TW_WEIGHT_BITS);
  const uint32_t blocks = (columns + TW_PACKED_OUTPUTS - 1) / TW_PACKED_OUTPUTS;
  const uint32_t groups = (parameters->rows + TW_PACKED_ROWS - 1) / TW_PACKED_ROWS;
  const tw_packed_requantisation requantisation = {parameters->shift, parameters->low,
                                                   parameters->high, parameters->wide,
                                                   parameters->output_zero_point};
  /* What is left of rows whose length is no multiple of a word: nothing is read past the input. */
  int8_t ends[TW_PACKED_ROWS][TW_PACKED_VALUES] = {{0}};
  tw_packed_run runs[2];
  const uint32_t run_count = (words != 0) + (rest != 0);
  tw_packed_run *end_run = &runs[words != 0];
  runs[0].words = words;
  const tw_range share = tw_share(groups * blocks, core, cores);
  uint32_t group = share.begin / blocks;
  uint32_t begin = share.begin % blocks;
  uint32_t left = share.end - share.begin;
  while (left != 0) {
    const uint32_t end = begin + left < blocks ? begin + left : blocks;
    const uint32_t first = group * TW_PACKED_ROWS;
    if (regular && begin == 0 && left >= blocks && parameters->rows - first >= TW_PACKED_ROWS) {
      const uint32_t whole = parameters->rows / TW_PACKED_ROWS - group;
      const uint32_t wanted = left / blocks;
      const uint32_t together = wanted < whole ? wanted : whole;
      multiply_groups(parameters, input + first * inner, weights, output + first * columns,
                      together);
      left -= together * blocks;
      group += together;
      continue;
    }
    const uint32_t count =
        parameters->rows - first < TW_PACKED_ROWS ? parameters->rows - first : TW_PACKED_ROWS;
    const int8_t *row = input + first * inner;
    for (uint32_t i = 0; i < TW_PACKED_ROWS; ++i) {
      runs[0].starts[i] = row;
      if (rest != 0) {
        for (uint32_t k = 0; k < rest; ++k) {
          ends[i][k] = row[words * TW_PACKED_VALUES + k];
        }
        end_run->starts[i] = ends[i];
        end_run->words = 1;
      }
      row += i + 1 < count ? inner : 0;
    }
    TW_OF_BITS(tw_packed_columns)(runs, run_count, count, weights, block_bytes, begin, end, columns,
                                  &requantisation, output + first * columns);
    left -= end - begin;
    begin = 0;
    ++group;
  }
}

TW_CALLED_OFTEN void TW_OF_BITS(tw_matmul_packed_s8)(
    const TW_PARAMETERS_OF_BITS(tw_matmul_packed_s8) * parameters, const int8_t *input,
    const int8_t *weights, int8_t *output, uint32_t core, uint32_t cores) {
  const int regular = parameters->inner % TW_PACKED_VALUES == 0 &&
                      parameters->columns % TW_PACKED_OUTPUTS == 0 && !parameters->wide;
  if (regular && parameters->rows == 1) {
    multiply_vector(parameters, input, weights, output, core, cores);
  } else {
    multiply_rows(parameters, input, weights, output, regular, core, cores);
  }
}
