/* Attention with heads of one word, on CORE-V cores: a core takes whole queries of heads.
 *
 * Cycles per key: 3 for the largest score, then 13 with one table of weights, 18 with two. Scores
 * are computed twice, because that takes no longer than to store and load them. Nothing is kept in
 * memory between keys: their weights are multiplied, in pairs, as they come. */
#include "tilewright/attention.h"

#include "attention_division.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/simd.h"

#define SIZE 4u

/* Code comes from a slow memory once per layer: what is not a loop over keys has to be small. */
#define SMALL __attribute__((minsize))

/* Sums over keys of weight * value, and of weights. */
typedef struct {
  int32_t column[SIZE];
  int32_t total;
} sums;

static inline uint32_t load_word(const int8_t *from) {
  return *(const uint32_t *)(const void *)from;
}

static inline int32_t largest_score(uint32_t query, const int8_t *key, uint32_t stride,
                                    uint32_t keys) {
  int32_t largest = INT32_MIN;
  int32_t score = INT32_MIN;
  uint32_t k;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[keys]", "1f")
                   "  cv.lw %[k], (%[key]), %[stride]\n"
                   "  cv.max %[largest], %[largest], %[score]\n"
                   "  cv.dotsp.b %[score], %[k], %[query]\n"
                   "1:\n" TW_LOOP_END
                   : [k] "=&r"(k), [score] "+r"(score), [largest] "+r"(largest), [key] "+r"(key)
                   : [query] "r"(query), [stride] "r"(stride), [keys] "r"(keys)
                   : "memory");
  __asm__("cv.max %0, %0, %1" : "+r"(largest) : "r"(score));
  return largest;
}

/* Weights k and l of two keys from their indices. */
#define WEIGHTS_OF_ONE_TABLE           \
  "  slli %[k], %[k], 1\n"             \
  "  slli %[l], %[l], 1\n"             \
  "  cv.lhu %[k], %[k](%[weights])\n"  \
  "  cv.lhu %[l], %[l](%[weights])\n"

#define WEIGHTS_OF_TWO_TABLES          \
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
 * of the weights, which SUMS_OF_COLUMNS takes away. */
#define SUM_PAIRS(weights_of_tables)                                                            \
  __asm__ volatile(                                                                             \
      TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")                                          \
      "  cv.lw %[k], (%[key]), %[key_stride]\n"                                                 \
      "  cv.lw %[l], (%[key]), %[key_stride]\n"                                                 \
      "  cv.dotsp.b %[k], %[k], %[query]\n"                                                     \
      "  cv.dotsp.b %[l], %[l], %[query]\n"                                                     \
      "  sub %[k], %[largest], %[k]\n"                                                          \
      "  sub %[l], %[largest], %[l]\n"                                                          \
      "  cv.minu %[k], %[k], %[limit]\n"                                                        \
      "  cv.minu %[l], %[l], %[limit]\n" weights_of_tables                                      \
      "  cv.lw %[v], (%[value]), %[value_stride]\n"                                             \
      "  cv.lw %[u], (%[value]), %[value_stride]\n"                                             \
      "  cv.pack %[k], %[l], %[k]\n"                                                            \
      "  cv.pack %[l], %[u], %[v]\n"                                                            \
      "  cv.pack.h %[u], %[u], %[v]\n"                                                          \
      "  cv.sra.sci.h %[v], %[l], 8\n"                                                          \
      "  cv.sdotsp.h %[s1], %[k], %[v]\n"                                                       \
      "  cv.sra.sci.h %[v], %[u], 8\n"                                                          \
      "  cv.sdotsp.h %[s3], %[k], %[v]\n"                                                       \
      "  xor %[l], %[l], %[flip]\n"                                                             \
      "  cv.sdotsp.h %[s0], %[k], %[l]\n"                                                       \
      "  xor %[u], %[u], %[flip]\n"                                                             \
      "  cv.sdotsp.h %[s2], %[k], %[u]\n"                                                       \
      "  cv.sdotsp.sci.h %[total], %[k], 1\n"                                                   \
      "1:\n" TW_LOOP_END                                                                        \
      : [k] "=&r"(k), [l] "=&r"(l), [u] "=&r"(u), [v] "=&r"(v), [key] "+r"(key),                \
        [value] "+r"(value), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3),        \
        [total] "+r"(total)                                                                     \
      : [query] "r"(query), [largest] "r"(largest), [limit] "r"(limit), [weights] "r"(weights), \
        [coarse] "r"(weights + (1u << bits)), [mask] "r"((2u << bits) - 2), [bits] "r"(bits),   \
        [flip] "r"(UINT32_C(0x00800080)), [key_stride] "r"(key_stride),                         \
        [value_stride] "r"(value_stride), [pairs] "r"(keys / 2)                                 \
      : "memory")

/* Sums over an even number of keys, at least two. */
static inline sums sum_pairs(const tw_attention_word_s8_parameters *parameters, uint32_t query,
                             int32_t largest, const int8_t *key, const int8_t *value,
                             const uint16_t *weights, uint32_t keys) {
  const uint32_t key_stride = parameters->key_row_stride;
  const uint32_t value_stride = parameters->value_row_stride;
  const uint32_t limit = parameters->weight_limit;
  const uint32_t bits = parameters->weight_bits;
  uint32_t k, l, u, v;
  int32_t s0 = 0;
  int32_t s1 = 0;
  int32_t s2 = 0;
  int32_t s3 = 0;
  int32_t total = 0;
  if (bits == 0) {
    SUM_PAIRS(WEIGHTS_OF_ONE_TABLE);
  } else {
    SUM_PAIRS(WEIGHTS_OF_TWO_TABLES);
  }
  const uint32_t raised = (uint32_t)total * 128;
  const sums result = {
      {(int32_t)((uint32_t)s0 - (uint32_t)s1 * 256 - raised), s1,
       (int32_t)((uint32_t)s2 - (uint32_t)s3 * 256 - raised), s3},
      total,
  };
  return result;
}

/* One query of a head, with at least one key. */
static inline void attend(const tw_attention_word_s8_parameters *parameters, const int8_t *query,
                          const int8_t *key, const int8_t *value, const uint16_t *weights,
                          uint32_t keys, int8_t *output) {
  const uint32_t q = load_word(query);
  const int32_t largest = largest_score(q, key, parameters->key_row_stride, keys);
  sums all = {{0, 0, 0, 0}, 0};
  if (keys > 1) {
    all = sum_pairs(parameters, q, largest, key, value, weights, keys);
  }
  int32_t last = 0; /* weight of the key that makes no pair */
  const int8_t *last_value = value + (keys - 1) * parameters->value_row_stride;
  if (keys % 2 != 0) {
    const int32_t score = tw_dot_s8(load_word(key + (keys - 1) * parameters->key_row_stride), q);
    last = (int32_t)tw_attention_weight(weights, 0, parameters->weight_limit,
                                        parameters->weight_bits, (uint32_t)(largest - score));
  }
  all.total += last;
  const tw_attention_division by = division_by((uint32_t)all.total, parameters->output_scale);
  const int32_t centre = parameters->value_zero_point * all.total;
  const uint32_t shift = parameters->output_shift;
  const int32_t zero_point = parameters->output_zero_point * (INT32_C(1) << (shift - 32));
  for (uint32_t c = 0; c < SIZE; ++c) {
    const int32_t v = last_value[c];
    int32_t sum = all.column[c] - centre;
    __asm__("cv.mac %0, %1, %2" : "+r"(sum) : "r"(last), "r"(v));
    output[c] = divide(by, sum, shift, zero_point);
  }
}

/* Where a head's first query, its keys and its values are. */
typedef struct {
  const int8_t *query;
  const int8_t *key;
  const int8_t *value;
  int8_t *output;
} head;

SMALL static head head_at(const tw_attention_word_s8_parameters *parameters, const int8_t *query,
                          const int8_t *key, const int8_t *value, int8_t *output, uint32_t batch,
                          uint32_t query_head) {
  const uint32_t query_heads = parameters->query_heads;
  const uint32_t key_heads = parameters->key_heads;
  const uint32_t first = batch * query_heads * parameters->queries * SIZE;
  const uint32_t cache = batch * key_heads * parameters->key_capacity * SIZE;
  uint32_t key_head = query_head;
  if (query_heads != key_heads) { /* a division takes 30 cycles */
    key_head = query_head / (query_heads / key_heads);
  }
  const head result = {
      query + first + query_head * parameters->query_head_stride,
      key + cache + key_head * parameters->key_head_stride,
      value + cache + key_head * parameters->value_head_stride,
      output + first + query_head * parameters->output_head_stride,
  };
  return result;
}

SMALL void tw_attention_word_s8(const tw_attention_word_s8_parameters *parameters,
                                const int8_t *query, const int8_t *key, const int8_t *value,
                                const int32_t *positions, const int32_t *valid_keys,
                                const uint16_t *weights, int8_t *output, uint32_t core,
                                uint32_t cores) {
  const uint32_t queries = parameters->queries;
  const uint32_t query_heads = parameters->query_heads;
  const tw_range share = tw_share(parameters->batch * query_heads * queries, core, cores);
  uint32_t left = share.end - share.begin;
  uint32_t query_head = share.begin;
  uint32_t row = 0;
  uint32_t batch = 0;
  if (queries > 1) {
    query_head = share.begin / queries;
    row = share.begin - query_head * queries;
  }
  if (query_head >= query_heads) {
    batch = query_head / query_heads;
    query_head -= batch * query_heads;
  }
  while (left != 0) {
    const head at = head_at(parameters, query, key, value, output, batch, query_head);
    const int8_t *q = at.query + row * parameters->query_row_stride;
    int8_t *y = at.output + row * parameters->output_row_stride;
    const int32_t *position = positions;
    if (positions) {
      position +=
          batch * parameters->position_batch_stride + row * parameters->position_row_stride;
    }
    for (; row < queries && left != 0; ++row, --left) {
      const uint32_t keys = tw_attended_keys(
          parameters->keys, position, parameters->position_offset,
          valid_keys ? valid_keys + batch : 0, parameters->causal, row, queries);
      if (keys == 0) {
        for (uint32_t c = 0; c < SIZE; ++c) {
          y[c] = (int8_t)parameters->output_zero_point;
        }
      } else {
        attend(parameters, q, at.key, at.value, weights, keys, y);
      }
      q += parameters->query_row_stride;
      y += parameters->output_row_stride;
      position = positions ? position + parameters->position_row_stride : 0;
    }
    row = 0;
    if (++query_head == query_heads) {
      query_head = 0;
      ++batch;
    }
  }
}
