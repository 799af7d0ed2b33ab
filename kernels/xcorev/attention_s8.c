/* Attention on CORE-V cores, for two queries of a head at a time, which share its keys and values.
 *
 * Cycles per key and query, beside those of attention_scores.h: for a weight 7 with one table, 14
 * with two; for W words of a value 4.5 W, or 6.5 W for a single query.
 *
 * Weights overwrite scores as int16, and pairs of them are multiplied with pairs of values. */
#include "attention_division.h"
#include "attention_scores.h"
#include "tilewright/parallel.h"
#include "tilewright/simd.h"

/* |weight * (value - zero point)| < 2^23, so that 256 of them fit int32. */
#define BLOCK_KEYS 256u

/* Replaces scores by weights in 16 bits, followed by zeros up to `end`; returns their sum. */
TW_SMALL static uint32_t compute_weights(const tw_attention_s8_parameters *parameters,
                                         const uint16_t *weights, int32_t largest, uint32_t keys,
                                         uint32_t end, int32_t *scores) {
  const uint32_t limit = parameters->weight_limit;
  const uint32_t drop = parameters->weight_drop;
  const uint32_t bits = parameters->weight_bits;
  int16_t *results = (int16_t *)(void *)scores;
  const int32_t lowest = largest - (int32_t)limit; /* which others count as */
  uint32_t total = 0;
  uint32_t s, f;
  uint32_t e = 0;
  if (keys != 0 && bits == 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[keys]", "1f")
                     "  cv.lw %[s], (%[scores]), 4\n"
                     "  add %[total], %[total], %[e]\n"
                     "  cv.max %[s], %[s], %[lowest]\n"
                     "  slli %[s], %[s], 1\n"
                     "  cv.lhu %[e], %[s](%[weights])\n"
                     "  cv.sh %[e], (%[results]), 2\n"
                     "1:\n" TW_LOOP_END
                     : [s] "=&r"(s), [e] "+r"(e), [total] "+r"(total), [scores] "+r"(scores),
                       [results] "+r"(results)
                     : [lowest] "r"(lowest), [weights] "r"((uintptr_t)weights - 2u * (uint32_t)lowest), [keys] "r"(keys)
                     : "memory");
  } else if (keys != 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[keys]", "1f")
                     "  cv.lw %[s], (%[scores]), 4\n"
                     "  add %[total], %[total], %[e]\n"
                     "  sub %[s], %[largest], %[s]\n"
                     "  srl %[s], %[s], %[drop]\n"
                     "  cv.minu %[s], %[s], %[limit]\n"
                     "  slli %[s], %[s], 1\n"
                     "  and %[f], %[s], %[mask]\n"
                     "  srl %[s], %[s], %[bits]\n"
                     "  cv.lhu %[f], %[f](%[weights])\n"
                     "  andi %[s], %[s], -2\n"
                     "  cv.lhu %[e], %[s](%[coarse])\n"
                     "  cv.mulurn %[e], %[e], %[f], 17\n"
                     "  cv.sh %[e], (%[results]), 2\n"
                     "1:\n" TW_LOOP_END
                     : [s] "=&r"(s), [f] "=&r"(f), [e] "+r"(e), [total] "+r"(total),
                       [scores] "+r"(scores), [results] "+r"(results)
                     : [largest] "r"(largest), [drop] "r"(drop), [limit] "r"(limit),
                       [weights] "r"(weights), [coarse] "r"(weights + (1u << bits)),
                       [mask] "r"((2u << bits) - 2), [bits] "r"(bits), [keys] "r"(keys)
                     : "memory");
  }
  for (uint32_t j = keys; j < end; ++j) {
    *results++ = 0;
  }
  return total + e;
}

/* Columns of two values, v and u, as pairs of 16 bits: b holds columns 0 and a columns 1, d 2 and c
 * 3. Even columns stay where they are, below odd ones, and count as 128 more than they are. */
#define WIDEN                      \
  "  cv.pack %[b], %[u], %[v]\n"   \
  "  cv.pack.h %[d], %[u], %[v]\n" \
  "  cv.sra.sci.h %[a], %[b], 8\n" \
  "  cv.sra.sci.h %[c], %[d], 8\n" \
  "  xor %[b], %[b], %[flip]\n"    \
  "  xor %[d], %[d], %[flip]\n"

#define FLIP UINT32_C(0x00800080)

/* Sums of weight[j] * value[j][c] over an even number of keys and four columns. Those of columns 0
 * and 2 have 256 times their neighbour's more, and 128 times the sum of weights. */
typedef struct {
  int32_t column[4];
} four_sums;

static inline four_sums sum_values(four_sums sums, const int16_t *weights, const int8_t *value,
                                   uint32_t stride, uint32_t pairs) {
  uint32_t u, v, a, b, c, d, e;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                   "  cv.lw %[v], (%[value]), %[stride]\n"
                   "  cv.lw %[u], (%[value]), %[stride]\n"
                   "  cv.lw %[e], (%[weights]), 4\n"
                   WIDEN
                   "  cv.sdotsp.h %[s0], %[e], %[b]\n"
                   "  cv.sdotsp.h %[s1], %[e], %[a]\n"
                   "  cv.sdotsp.h %[s2], %[e], %[d]\n"
                   "  cv.sdotsp.h %[s3], %[e], %[c]\n"
                   "1:\n" TW_LOOP_END
                   : [s0] "+r"(sums.column[0]), [s1] "+r"(sums.column[1]),
                     [s2] "+r"(sums.column[2]), [s3] "+r"(sums.column[3]), [u] "=&r"(u),
                     [v] "=&r"(v), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d),
                     [e] "=&r"(e), [value] "+r"(value), [weights] "+r"(weights)
                   : [stride] "r"(stride), [pairs] "r"(pairs), [flip] "r"(FLIP)
                   : "memory");
  return sums;
}

/* The same with the weights of two queries. */
static inline void sum_values_twice(four_sums *first, four_sums *second, const int16_t *weights_0,
                                    const int16_t *weights_1, const int8_t *value, uint32_t stride,
                                    uint32_t pairs) {
  four_sums s = *first;
  four_sums t = *second;
  uint32_t u, v, a, b, c, d, e;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                   "  cv.lw %[v], (%[value]), %[stride]\n"
                   "  cv.lw %[u], (%[value]), %[stride]\n"
                   "  cv.lw %[e], (%[weights_0]), 4\n"
                   WIDEN
                   "  cv.sdotsp.h %[s0], %[e], %[b]\n"
                   "  cv.sdotsp.h %[s1], %[e], %[a]\n"
                   "  cv.sdotsp.h %[s2], %[e], %[d]\n"
                   "  cv.lw %[u], (%[weights_1]), 4\n"
                   "  cv.sdotsp.h %[s3], %[e], %[c]\n"
                   "  cv.sdotsp.h %[t0], %[u], %[b]\n"
                   "  cv.sdotsp.h %[t1], %[u], %[a]\n"
                   "  cv.sdotsp.h %[t2], %[u], %[d]\n"
                   "  cv.sdotsp.h %[t3], %[u], %[c]\n"
                   "1:\n" TW_LOOP_END
                   : [s0] "+r"(s.column[0]), [s1] "+r"(s.column[1]), [s2] "+r"(s.column[2]),
                     [s3] "+r"(s.column[3]), [t0] "+r"(t.column[0]), [t1] "+r"(t.column[1]),
                     [t2] "+r"(t.column[2]), [t3] "+r"(t.column[3]), [u] "=&r"(u), [v] "=&r"(v),
                     [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e),
                     [value] "+r"(value), [weights_0] "+r"(weights_0), [weights_1] "+r"(weights_1)
                   : [stride] "r"(stride), [pairs] "r"(pairs), [flip] "r"(FLIP)
                   : "memory");
  *first = s;
  *second = t;
}

static inline const int16_t *weights_of(const item *rows, uint32_t row) {
  return (const int16_t *)(const void *)rows->scores[row];
}

/* Sums of four columns, for all queries, over some keys from `first` on; a weight of zero follows
 * those of an odd number. `present`: keys that there are. */
static inline void sum_block(const item *rows, const int8_t *value, uint32_t stride, uint32_t first,
                             uint32_t keys, uint32_t present, four_sums sums[ROWS]) {
  const int16_t *weights_0 = weights_of(rows, 0) + first;
  const int16_t *weights_1 = weights_of(rows, rows->rows - 1) + first;
  const uint32_t pairs = keys < present ? (keys + 1) / 2 : keys / 2;
  const uint32_t paired = 2 * pairs;
  four_sums a = {{0, 0, 0, 0}};
  four_sums b = a;
  if (rows->rows == 1) {
    if (pairs != 0) {
      a = sum_values(a, weights_0, value, stride, pairs);
    }
    if (paired < keys) { /* the last with itself */
      a = sum_values(a, weights_0 + paired, value + paired * stride, 0, 1);
    }
  } else {
    if (pairs != 0) {
      sum_values_twice(&a, &b, weights_0, weights_1, value, stride, pairs);
    }
    if (paired < keys) {
      sum_values_twice(&a, &b, weights_0 + paired, weights_1 + paired, value + paired * stride, 0,
                       1);
    }
  }
  sums[0] = a;
  sums[1] = b;
}

/* All that does not occur in small models: many keys, columns that are not four, coarse outputs. */
__attribute__((noinline)) static void compute_columns(const tw_attention_s8_parameters *parameters,
                                                      const item *rows,
                                                      const tw_attention_division *by,
                                                      uint32_t keys, const int8_t *value,
                                                      uint32_t begin, uint32_t end) {
  for (uint32_t row = 0; row < rows->rows; ++row) {
    const int16_t *weights = weights_of(rows, row);
    for (uint32_t c = begin; c < end; ++c) {
      int64_t total = -(int64_t)parameters->value_zero_point * rows->total[row];
      for (uint32_t first = 0; first < keys; first += BLOCK_KEYS) {
        const uint32_t last = keys - first < BLOCK_KEYS ? keys : first + BLOCK_KEYS;
        int32_t sum = 0;
        for (uint32_t j = first; j < last; ++j) {
          sum += weights[j] * value[j * parameters->value_row_stride + c];
        }
        total += sum;
      }
      rows->output[row][c] = tw_attention_divide(by[row], total, parameters->output_shift,
                                                 parameters->output_zero_point);
    }
  }
}

static void compute_outputs(const tw_attention_s8_parameters *parameters, const item *rows,
                            uint32_t keys, const int8_t *value, uint32_t core) {
  const uint32_t stride = parameters->value_row_stride;
  const uint32_t size = parameters->value_size;
  const uint32_t quads = keys <= BLOCK_KEYS && parameters->output_shift > 32 ? size / 4 : 0;
  tw_attention_division by[ROWS];
  for (uint32_t row = 0; row < rows->rows; ++row) {
    by[row] =
        division_by(rows->keys[row] != 0 ? rows->total[row] : 65535, parameters->output_scale);
  }
  /* Not all cores with the same column: rows of 64 bytes have it in the same bank. */
  uint32_t c = 4 * core;
  for (uint32_t left = quads; left != 0; --left, c += 4) {
    if (c >= 4 * quads) {
      c = 0;
    }
    four_sums sums[ROWS];
    sum_block(rows, value + c, stride, 0, keys, parameters->key_capacity, sums);
    for (uint32_t row = 0; row < rows->rows; ++row) {
      const int32_t *columns = separate_columns(sums[row].column, rows->total[row]);
      divide_columns(
          by[row], columns, 0, value, parameters->value_zero_point * (int32_t)rows->total[row],
          parameters->output_shift, parameters->output_zero_point, rows->output[row] + c);
    }
  }
  if (4 * quads < size) {
    compute_columns(parameters, rows, by, keys, value, 4 * quads, size);
  }
}

/* Divisions take 30 cycles each: only those that are needed. */
static inline tw_attention_item item_at(uint32_t index, uint32_t batch, uint32_t query_heads,
                                        uint32_t group, uint32_t queries) {
  tw_attention_item at = {0, index, 0, 0};
  if (queries > 1) {
    at.query_head = index / queries;
    at.query = index - at.query_head * queries;
  }
  if (batch > 1) {
    at.batch = at.query_head / query_heads;
    at.query_head -= at.batch * query_heads;
  }
  at.key_head = group > 1 ? at.query_head / group : at.query_head;
  return at;
}

TW_SMALL void tw_attention_s8(const tw_attention_s8_parameters *parameters, const int8_t *query,
                              const int8_t *key, const int8_t *value, const int32_t *positions,
                              const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                              int32_t *scratch, uint32_t core, uint32_t cores) {
  const uint32_t query_heads = parameters->query_heads;
  const uint32_t key_heads = parameters->key_heads;
  const uint32_t queries = parameters->queries;
  const uint32_t capacity = parameters->key_capacity;
  const uint32_t height = queries < ROWS ? queries : ROWS; /* rows of scratch memory */
  const uint32_t groups = (queries + ROWS - 1) / ROWS;     /* of queries of a head */
  item rows;
  rows.scores[0] = scratch + core * height * parameters->keys;
  rows.scores[1] = rows.scores[0] + parameters->keys;
  const tw_range share = tw_share(parameters->batch * query_heads * groups, core, cores);
  const uint32_t group = query_heads == key_heads ? 1 : query_heads / key_heads;
  tw_attention_item at = item_at(share.begin, parameters->batch, query_heads, group, groups);
  for (uint32_t index = share.begin; index < share.end; ++index) {
    if (index != share.begin && ++at.query == groups) {
      at.query = 0;
      if (++at.query_head == query_heads) {
        at.query_head = 0;
        ++at.batch;
      }
      at.key_head = group > 1 ? at.query_head / group : at.query_head;
    }
    const uint32_t first = ROWS * at.query;
    uint32_t keys = 0; /* that any query attends to */
    rows.rows = queries - first < ROWS ? queries - first : ROWS;
    for (uint32_t row = 0; row < rows.rows; ++row) {
      const uint32_t i = first + row;
      rows.keys[row] =
          tw_attended_keys(parameters->keys,
                           positions ? positions + at.batch * parameters->position_batch_stride +
                                           i * parameters->position_row_stride
                                     : 0,
                           parameters->position_offset, valid_keys ? valid_keys + at.batch : 0,
                           parameters->causal, i, queries);
      keys = rows.keys[row] > keys ? rows.keys[row] : keys;
      rows.query[row] = query + at.batch * query_heads * queries * parameters->head_size +
                        at.query_head * parameters->query_head_stride +
                        i * parameters->query_row_stride;
      rows.output[row] = output + at.batch * query_heads * queries * parameters->value_size +
                         at.query_head * parameters->output_head_stride +
                         i * parameters->output_row_stride;
    }
    compute_scores(parameters, &rows,
                   key + at.batch * key_heads * capacity * parameters->head_size +
                       at.key_head * parameters->key_head_stride);
    for (uint32_t row = 0; row < rows.rows; ++row) {
      rows.total[row] = compute_weights(parameters, weights, rows.largest[row], rows.keys[row],
                                        (keys + 1) / 2 * 2, rows.scores[row]);
    }
    compute_outputs(parameters, &rows, keys,
                    value + at.batch * key_heads * capacity * parameters->value_size +
                        at.key_head * parameters->value_head_stride,
                    core);
  }
}
