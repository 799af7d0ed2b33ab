/* Attention with heads of one word, on CORE-V cores: a core takes whole queries of heads.
 *
 * Cycles per key: 3 for the largest score, then 12 with one table of weights, 18 with two. Scores
 * are computed twice, because that takes no longer than to store and load them. Nothing is kept in
 * memory between keys: their weights are multiplied, in pairs, as they come. */
#include "tilewright/attention.h"

#include "attention_division.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"
#include "tilewright/simd.h"

#define SIZE 4u

static inline uint32_t load_word(const int8_t *from) {
  return *(const uint32_t *)(const void *)from;
}

static inline int32_t largest_score(uint32_t query, const int8_t *key, uint32_t keys) {
  int32_t largest = INT32_MIN;
  int32_t score = INT32_MIN;
  uint32_t k;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[keys]", "1f")
                   "  cv.lw %[k], (%[key]), 4\n"
                   "  cv.max %[largest], %[largest], %[score]\n"
                   "  cv.dotsp.b %[score], %[k], %[query]\n"
                   "1:\n" TW_LOOP_END
                   : [k] "=&r"(k), [score] "+r"(score), [largest] "+r"(largest), [key] "+r"(key)
                   : [query] "r"(query), [keys] "r"(keys)
                   : "memory");
  __asm__("cv.max %0, %0, %1" : "+r"(largest) : "r"(score));
  return largest;
}

/* Weights k and l of two keys from their scores, none of which counts as lower than `lowest`. */
#define WEIGHTS_OF_ONE_TABLE          \
  "  slli %[k], %[k], 1\n"            \
  "  slli %[l], %[l], 1\n"            \
  "  cv.lhu %[k], %[k](%[weights])\n" \
  "  cv.lhu %[l], %[l](%[weights])\n"

#define WEIGHTS_OF_TWO_TABLES          \
  "  sub %[k], %[largest], %[k]\n"     \
  "  sub %[l], %[largest], %[l]\n"     \
  "  slli %[k], %[k], 1\n"             \
  "  slli %[l], %[l], 1\n"             \
  "  and %[u], %[k], %[mask]\n"        \
  "  and %[v], %[l], %[mask]\n"        \
  "  srl %[k], %[k], %[bits]\n"        \
  "  srl %[l], %[l], %[bits]\n"        \
  "  andi %[k], %[k], -2\n"            \
  "  andi %[l], %[l], -2\n"            \
  "  cv.lhu %[k], %[k](%[coarse])\n"   \
  "  cv.lhu %[u], %[u](%[weights])\n"  \
  "  cv.lhu %[l], %[l](%[coarse])\n"   \
  "  cv.lhu %[v], %[v](%[weights])\n"  \
  "  cv.mulurn %[k], %[k], %[u], 17\n" \
  "  cv.mulurn %[l], %[l], %[v], 17\n"

/* Two keys per turn. Bytes 0 and 2 of values stay where they are, below bytes 1 and 3, and count as
 * 128 more than they are: their sums hold 256 times those of their neighbours, and 128 times those
 * of the weights, which separate_columns() takes away. */
#define SUM_PAIRS(weights_of_tables, ...) \
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")                           \
                   "  cv.lw %[k], (%[key]), 4\n"                                              \
                   "  cv.lw %[l], (%[key]), 4\n"                                              \
                   "  cv.dotsp.b %[k], %[k], %[query]\n"                                      \
                   "  cv.dotsp.b %[l], %[l], %[query]\n"                                      \
                   "  cv.max %[k], %[k], %[lowest]\n"                                         \
                   "  cv.max %[l], %[l], %[lowest]\n" weights_of_tables                       \
                   "  cv.lw %[v], (%[value]), 4\n"                                            \
                   "  cv.lw %[u], (%[value]), 4\n"                                            \
                   "  cv.pack %[k], %[l], %[k]\n"                                             \
                   "  cv.pack %[l], %[u], %[v]\n"                                             \
                   "  cv.pack.h %[u], %[u], %[v]\n"                                           \
                   "  cv.sra.sci.h %[v], %[l], 8\n"                                           \
                   "  cv.sdotsp.h %[s1], %[k], %[v]\n"                                        \
                   "  cv.sra.sci.h %[v], %[u], 8\n"                                           \
                   "  cv.sdotsp.h %[s3], %[k], %[v]\n"                                        \
                   "  xor %[l], %[l], %[flip]\n"                                              \
                   "  cv.sdotsp.h %[s0], %[k], %[l]\n"                                        \
                   "  xor %[u], %[u], %[flip]\n"                                              \
                   "  cv.sdotsp.h %[s2], %[k], %[u]\n"                                        \
                   "  cv.sdotsp.sci.h %[total], %[k], 1\n"                                    \
                   "1:\n" TW_LOOP_END                                                         \
                   : [k] "=&r"(k), [l] "=&r"(l), [u] "=&r"(u), [v] "=&r"(v), [key] "+r"(key), \
                     [value] "+r"(value), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2),        \
                     [s3] "+r"(s3), [total] "+r"(total)                                       \
                   : [query] "r"(query), [lowest] "r"(lowest),              \
                     [flip] "r"(UINT32_C(0x00800080)), [pairs] "r"(pairs), __VA_ARGS__        \
                   : "memory")

/* Sums of weights and of values times weights over pairs of keys; `first` is the weight of the key
 * before them if their number is odd, else 0. */
typedef struct {
  int32_t column[SIZE];
  int32_t total;
  int32_t first;
} head_sums;

/* With weights that take two tables. */
__attribute__((noinline)) TW_SMALL static void sum_with_two_tables(
    const tw_attention_word_s8_parameters *parameters, uint32_t query, const int8_t *key,
    const int8_t *value, const uint16_t *weights, uint32_t keys, int32_t largest, head_sums *sums) {
  const uint32_t limit = parameters->weight_limit;
  const uint32_t bits = parameters->weight_bits;
  const uint32_t pairs = keys / 2;
  sums->first = 0;
  if (keys % 2 != 0) {
    const int32_t score = tw_dot_s8(load_word(key), query);
    sums->first =
        (int32_t)tw_attention_weight(weights, 0, limit, bits, (uint32_t)(largest - score));
    key += SIZE;
    value += SIZE;
  }
  const int32_t lowest = largest - (int32_t)limit;
  uint32_t k, l, u, v;
  int32_t s0 = 0;
  int32_t s1 = 0;
  int32_t s2 = 0;
  int32_t s3 = 0;
  int32_t total = 0;
  if (pairs != 0) {
    SUM_PAIRS(WEIGHTS_OF_TWO_TABLES, [weights] "r"(weights), [coarse] "r"(weights + (1u << bits)),
              [largest] "r"(largest), [mask] "r"((2u << bits) - 2), [bits] "r"(bits));
  }
  sums->column[0] = s0;
  sums->column[1] = s1;
  sums->column[2] = s2;
  sums->column[3] = s3;
  sums->total = total;
}

/* One query of a head, with at least one key. */
__attribute__((always_inline)) static inline void attend(
    const tw_attention_word_s8_parameters *parameters, const int8_t *from, const int8_t *key,
    const int8_t *value, const uint16_t *weights, uint32_t keys, int8_t *output) {
  const uint32_t query = load_word(from);
  const int32_t largest = largest_score(query, key, keys);
  const int8_t *first_value = value;
  head_sums sums;
  if (parameters->weight_bits != 0) {
    sum_with_two_tables(parameters, query, key, value, weights, keys, largest, &sums);
  } else {
    const int32_t lowest = largest - (int32_t)parameters->weight_limit;
    /* Entry 0 is that of the lowest score. */
    const uintptr_t entries = (uintptr_t)weights - 2u * (uint32_t)lowest;
    sums.first = 0;
    if (keys % 2 != 0) {
      const int32_t score = tw_dot_s8(load_word(key), query);
      const int32_t near = score < lowest ? lowest : score;
      sums.first = *(const uint16_t *)(entries + 2u * (uint32_t)near);
      key += SIZE;
      value += SIZE;
    }
    const uint32_t pairs = keys / 2;
    uint32_t k, l, u, v;
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
    int32_t total = 0;
    if (pairs != 0) {
      SUM_PAIRS(WEIGHTS_OF_ONE_TABLE, [weights] "r"(entries));
    }
    sums.column[0] = s0;
    sums.column[1] = s1;
    sums.column[2] = s2;
    sums.column[3] = s3;
    sums.total = total;
  }
  separate_columns(sums.column, (uint32_t)sums.total);
  const int32_t total = sums.total + sums.first;
  const tw_attention_division by = division_by((uint32_t)total, parameters->output_scale);
  divide_columns(by, sums.column, sums.first, first_value, parameters->value_zero_point * total,
                 parameters->output_shift, parameters->output_zero_point, output);
}

/* One query each of `heads` heads, with at least one key. */
TW_CALLED_OFTEN __attribute__((noinline)) static void attend_heads(
    const tw_attention_word_s8_parameters *parameters, const int8_t *query, const int8_t *key,
    const int8_t *value, const uint16_t *weights, int8_t *output, uint32_t keys, uint32_t heads) {
  for (; heads != 0; --heads) {
    attend(parameters, query, key, value, weights, keys, output);
    query += parameters->query_head_stride;
    key += parameters->key_head_stride;
    value += parameters->value_head_stride;
    output += parameters->output_head_stride;
  }
}

/* Any queries. */
__attribute__((noinline)) static void attend_rows(const tw_attention_word_s8_parameters *parameters,
                                                  const int8_t *query, const int8_t *key,
                                                  const int8_t *value, const int32_t *positions,
                                                  const int32_t *valid_keys,
                                                  const uint16_t *weights, int8_t *output,
                                                  uint32_t core, uint32_t cores) {
  const uint32_t queries = parameters->queries;
  const tw_range share = tw_share(parameters->heads * queries, core, cores);
  uint32_t left = share.end - share.begin;
  uint32_t head = share.begin;
  uint32_t row = 0;
  if (queries > 1) { /* a division takes 30 cycles */
    head = share.begin / queries;
    row = share.begin - head * queries;
  }
  const int32_t *position = positions ? positions + row * parameters->position_row_stride : 0;
  key += head * parameters->key_head_stride;
  value += head * parameters->value_head_stride;
  query += head * parameters->query_head_stride;
  output += head * parameters->output_head_stride;
  const int8_t *q = query + row * parameters->query_row_stride;
  int8_t *y = output + row * parameters->output_row_stride;
  for (; left != 0; --left) {
    const uint32_t keys = tw_attended_keys(parameters->keys, position, parameters->position_offset,
                                           valid_keys, parameters->causal, row, queries);
    if (keys != 0) {
      attend(parameters, q, key, value, weights, keys, y);
    } else {
      for (uint32_t c = 0; c < SIZE; ++c) {
        y[c] = (int8_t)parameters->output_zero_point;
      }
    }
    q += parameters->query_row_stride;
    y += parameters->output_row_stride;
    if (positions) {
      position += parameters->position_row_stride;
    }
    if (++row == queries) {
      row = 0;
      position = positions;
      key += parameters->key_head_stride;
      value += parameters->value_head_stride;
      query += parameters->query_head_stride;
      output += parameters->output_head_stride;
      q = query;
      y = output;
    }
  }
}

/* One query whose keys only its position limits is that of a language model's step. */
TW_CALLED_OFTEN void tw_attention_word_s8(const tw_attention_word_s8_parameters *parameters,
                                          const int8_t *query, const int8_t *key,
                                          const int8_t *value, const int32_t *positions,
                                          const int32_t *valid_keys, const uint16_t *weights,
                                          int8_t *output, uint32_t core, uint32_t cores) {
  int32_t keys = 0;
  if (positions) {
    const int32_t bound = tw_attention_bounded(*positions) + parameters->position_offset;
    keys = bound < (int32_t)parameters->keys ? bound : (int32_t)parameters->keys;
  }
  if (keys <= 0 || valid_keys || parameters->causal != 0 || parameters->queries != 1) {
    attend_rows(parameters, query, key, value, positions, valid_keys, weights, output, core, cores);
    return;
  }
  const tw_range heads = tw_share(parameters->heads, core, cores);
  attend_heads(parameters, query + heads.begin * parameters->query_head_stride,
               key + heads.begin * parameters->key_head_stride,
               value + heads.begin * parameters->value_head_stride, weights,
               output + heads.begin * parameters->output_head_stride, (uint32_t)keys,
               heads.end - heads.begin);
}
