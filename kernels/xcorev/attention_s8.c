/* Attention on CORE-V cores, for two queries of a head at a time, which share its keys and values.
 *
 * Cycles per key and query, two queries (one query), for heads of one word or of W words:
 *
 *     scores           3.5 (4)    2.5 W + 5 (3 W + 6)
 *     weights          18         21 if distances of scores do not fit 16 bits
 *     values           5 (7.5)    5 W (7.5 W)
 *
 * The query's zero point costs a product per word and a subtraction per score more.
 *
 * A weight's polynomial is 4 x 2 instructions, because cv.mulun multiplies 16 bits and shifts.
 * Weights overwrite scores as int16, and pairs of them are multiplied with pairs of values that
 * were widened to 16 bits. */
#include "tilewright/attention.h"

#include "attention_division.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/simd.h"

/* |weight * (value - zero point)| < 2^23, so that 256 of them fit int32. */
#define BLOCK_KEYS 256u

#define ROWS 2u

/* Once per layer all code comes from a slow memory: what is not a loop of its own has to be small.
 */
#define SMALL __attribute__((minsize))

/* One or two queries of the same head. */
typedef struct {
  uint32_t rows;
  const int8_t *query[ROWS];
  int8_t *output[ROWS];
  uint32_t keys[ROWS]; /* that it attends to */
  int32_t *scores[ROWS];
  int32_t largest[ROWS];
  uint32_t total[ROWS];
} item;

/* A word at any address. */
static inline uint32_t load(const int8_t *from) {
  uint32_t word;
  __asm__("lw %0, %1" : "=r"(word) : "m"(*(const uint32_t *)(const void *)from));
  return word;
}

static inline int32_t larger(int32_t a, int32_t b) {
  int32_t result;
  __asm__("cv.max %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* Loops over keys; `add` and `subtract` are instructions for the query's zero point. */
#define SCORES_OF_WORD(subtract) \
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[count]", "1f")                                \
      "  cv.lw %[k], (%[key]), %[stride]\n"                                                        \
      "  cv.max %[largest], %[largest], %[a]\n"                                                    \
      "  cv.dotsp.b %[a], %[k], %[query]\n" subtract                                               \
      "  cv.sw %[a], (%[scores]), 4\n"                                                             \
      "1:\n" TW_LOOP_END                                                                           \
      : [k] "=&r"(k), [a] "+r"(a), [z] "=&r"(z), [largest] "+r"(largest), [key] "+r"(key),         \
      [scores] "+r"(scores)                                                                        \
      : [query] "r"(query), [zero] "r"(zero), [stride] "r"(stride), [count] "r"(count)             \
      : "memory")

#define SCORES_OF_TWO_WORDS(subtract) \
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[count]", "1f")                                \
      "  cv.lw %[k], (%[key]), %[stride]\n"                                                        \
      "  cv.max %[largest_0], %[largest_0], %[a]\n"                                                \
      "  cv.dotsp.b %[a], %[k], %[query_0]\n"                                                      \
      "  cv.dotsp.b %[b], %[k], %[query_1]\n" subtract                                             \
      "  cv.sw %[a], (%[scores_0]), 4\n"                                                           \
      "  cv.sw %[b], (%[scores_1]), 4\n"                                                           \
      "  cv.max %[largest_1], %[largest_1], %[b]\n"                                                \
      "1:\n" TW_LOOP_END                                                                           \
      : [k] "=&r"(k), [a] "+r"(a), [z] "=&r"(z), [b] "=&r"(b), [largest_0] "+r"(largest_0),        \
      [largest_1] "+r"(largest_1), [key] "+r"(key), [scores_0] "+r"(scores_0),                     \
      [scores_1] "+r"(scores_1)                                                                    \
      : [query_0] "r"(query_0), [zero] "r"(zero), [query_1] "r"(query_1), [stride] "r"(stride),    \
      [count] "r"(count)                                                                           \
      : "memory")

#define SCORES_OF_ROW(add, subtract) \
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(1, "%[count]", "2f")                                \
      "  mv %[from], %[key]\n"                                                                     \
      "  mv %[with], %[query]\n"                                                                   \
      "  li %[a], 0\n"                                                                             \
      "  li %[z], 0\n"                                                                             \
      "  add %[key], %[key], %[stride]\n"                                                          \
      TW_LOOP_SETUP(0, "%[words]", "1f")                                                           \
      "  cv.lw %[k], (%[from]), 4\n"                                                               \
      "  cv.lw %[q], (%[with]), 4\n"                                                               \
      "  cv.sdotsp.b %[a], %[k], %[q]\n" add                                                       \
      "1:\n" subtract                                                                              \
      "  cv.sw %[a], (%[scores]), 4\n"                                                             \
      "  cv.max %[largest], %[largest], %[a]\n"                                                    \
      "2:\n" TW_LOOP_END                                                                           \
      : [k] "=&r"(k), [q] "=&r"(q), [a] "=&r"(a), [z] "=&r"(z), [from] "=&r"(from),                \
      [with] "=&r"(with), [largest] "+r"(largest), [key] "+r"(key),                                \
      [scores] "+r"(scores)                                                                        \
      : [query] "r"(query), [words] "r"(words), [zero] "r"(zero), [stride] "r"(stride),            \
      [count] "r"(count)                                                                           \
      : "memory")

#define SCORES_OF_TWO_ROWS(add, subtract) \
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(1, "%[count]", "2f")                                \
      "  mv %[from], %[key]\n"                                                                     \
      "  mv %[with_0], %[query_0]\n"                                                               \
      "  mv %[with_1], %[query_1]\n"                                                               \
      "  li %[a], 0\n"                                                                             \
      "  li %[z], 0\n"                                                                             \
      "  li %[b], 0\n"                                                                             \
      "  add %[key], %[key], %[stride]\n"                                                          \
      TW_LOOP_SETUP(0, "%[words]", "1f")                                                           \
      "  cv.lw %[k], (%[from]), 4\n"                                                               \
      "  cv.lw %[q], (%[with_0]), 4\n"                                                             \
      "  cv.lw %[r], (%[with_1]), 4\n"                                                             \
      "  cv.sdotsp.b %[a], %[k], %[q]\n"                                                           \
      "  cv.sdotsp.b %[b], %[k], %[r]\n" add                                                       \
      "1:\n" subtract                                                                              \
      "  cv.sw %[a], (%[scores_0]), 4\n"                                                           \
      "  cv.sw %[b], (%[scores_1]), 4\n"                                                           \
      "  cv.max %[largest_0], %[largest_0], %[a]\n"                                                \
      "  cv.max %[largest_1], %[largest_1], %[b]\n"                                                \
      "2:\n" TW_LOOP_END                                                                           \
      : [k] "=&r"(k), [q] "=&r"(q), [r] "=&r"(r), [a] "=&r"(a), [z] "=&r"(z), [b] "=&r"(b),        \
      [from] "=&r"(from), [with_0] "=&r"(with_0), [with_1] "=&r"(with_1),                          \
      [largest_0] "+r"(largest_0), [largest_1] "+r"(largest_1), [key] "+r"(key),                   \
      [scores_0] "+r"(scores_0), [scores_1] "+r"(scores_1)                                         \
      : [query_0] "r"(rows->query[0]), [query_1] "r"(rows->query[1]),                              \
      [words] "r"(words), [zero] "r"(zero), [stride] "r"(stride), [count] "r"(count)               \
      : "memory")

/* Scores of `count` keys with one query of one word. Here and below the largest of a query's
 * scores and `largest` is returned; `zero` is the query's zero point in four bytes, the product
 * with which is subtracted. */
static int32_t scores_of_word(uint32_t query, uint32_t zero, const int8_t *key, uint32_t stride,
                              uint32_t count, int32_t *scores, int32_t largest) {
  uint32_t k;
  int32_t z;
  int32_t a = largest;
  if (zero == 0) {
    SCORES_OF_WORD("");
  } else {
    SCORES_OF_WORD(
        "  cv.dotsp.b %[z], %[k], %[zero]\n"
        "  sub %[a], %[a], %[z]\n");
  }
  return larger(largest, a);
}

/* The same with two queries. */
static void scores_of_two_words(item *rows, uint32_t zero, const int8_t *key, uint32_t stride,
                                uint32_t count) {
  const uint32_t query_0 = load(rows->query[0]);
  const uint32_t query_1 = load(rows->query[1]);
  int32_t *scores_0 = rows->scores[0];
  int32_t *scores_1 = rows->scores[1];
  int32_t largest_0 = INT32_MIN;
  int32_t largest_1 = INT32_MIN;
  uint32_t k;
  int32_t z;
  int32_t a = INT32_MIN;
  int32_t b;
  if (zero == 0) {
    SCORES_OF_TWO_WORDS("");
  } else {
    SCORES_OF_TWO_WORDS(
        "  cv.dotsp.b %[z], %[k], %[zero]\n"
        "  sub %[a], %[a], %[z]\n"
        "  sub %[b], %[b], %[z]\n");
  }
  rows->largest[0] = larger(largest_0, a);
  rows->largest[1] = largest_1;
}

/* Scores of `count` keys with one query of several words. */
static int32_t scores_of_row(const int8_t *query, uint32_t zero, uint32_t words, const int8_t *key,
                             uint32_t stride, uint32_t count, int32_t *scores, int32_t largest) {
  uint32_t k, q;
  int32_t z;
  const int8_t *from, *with;
  int32_t a;
  if (zero == 0) {
    SCORES_OF_ROW("", "");
  } else {
    SCORES_OF_ROW("  cv.sdotsp.b %[z], %[k], %[zero]\n", "  sub %[a], %[a], %[z]\n");
  }
  return largest;
}

/* The same with two queries. */
static void scores_of_two_rows(item *rows, uint32_t zero, uint32_t words, const int8_t *key,
                               uint32_t stride, uint32_t count) {
  int32_t *scores_0 = rows->scores[0];
  int32_t *scores_1 = rows->scores[1];
  int32_t largest_0 = INT32_MIN;
  int32_t largest_1 = INT32_MIN;
  uint32_t k, q, r;
  int32_t z;
  const int8_t *from, *with_0, *with_1;
  int32_t a, b;
  if (zero == 0) {
    SCORES_OF_TWO_ROWS("", "");
  } else {
    SCORES_OF_TWO_ROWS("  cv.sdotsp.b %[z], %[k], %[zero]\n",
                       "  sub %[a], %[a], %[z]\n"
                       "  sub %[b], %[b], %[z]\n");
  }
  rows->largest[0] = largest_0;
  rows->largest[1] = largest_1;
}

/* Adds to the scores the elements behind the last word. */
__attribute__((noinline)) static void complete_scores(const tw_attention_s8_parameters *parameters,
                                                      item *rows, uint32_t row, const int8_t *key) {
  const int32_t zero_point = parameters->query_zero_point;
  const uint32_t begin = parameters->head_size / 4 * 4;
  const int8_t *query = rows->query[row];
  int32_t *scores = rows->scores[row];
  int32_t largest = INT32_MIN;
  for (uint32_t j = 0; j < rows->keys[row]; ++j) {
    int32_t score = begin == 0 ? 0 : scores[j];
    for (uint32_t c = begin; c < parameters->head_size; ++c) {
      score += (query[c] - zero_point) * key[c];
    }
    scores[j] = score;
    largest = larger(largest, score);
    key += parameters->key_row_stride;
  }
  rows->largest[row] = largest;
}

SMALL static void compute_scores(const tw_attention_s8_parameters *parameters, item *rows,
                                 const int8_t *key) {
  const uint32_t stride = parameters->key_row_stride;
  const uint32_t words = parameters->head_size / 4;
  const uint32_t zero = (uint32_t)(uint8_t)parameters->query_zero_point * UINT32_C(0x01010101);
  uint32_t common = 0; /* keys of both queries */
  if (rows->rows == ROWS) {
    common = rows->keys[0] < rows->keys[1] ? rows->keys[0] : rows->keys[1];
  }
  for (uint32_t row = 0; row < rows->rows; ++row) {
    rows->largest[row] = INT32_MIN;
  }
  if (common != 0 && words == 1) {
    scores_of_two_words(rows, zero, key, stride, common);
  } else if (common != 0 && words != 0) {
    scores_of_two_rows(rows, zero, words, key, stride, common);
  }
  for (uint32_t row = 0; row < rows->rows; ++row) {
    const uint32_t count = rows->keys[row] - common;
    const int8_t *further = key + common * stride;
    int32_t *scores = rows->scores[row] + common;
    if (count != 0 && words == 1) {
      rows->largest[row] = scores_of_word(load(rows->query[row]), zero, further, stride, count,
                                          scores, rows->largest[row]);
    } else if (count != 0 && words != 0) {
      rows->largest[row] = scores_of_row(rows->query[row], zero, words, further, stride, count,
                                         scores, rows->largest[row]);
    }
    if (parameters->head_size % 4 != 0) {
      complete_scores(parameters, rows, row, key);
    }
  }
}

/* Replaces scores by weights in 16 bits, followed by zeros up to `end`; returns their sum. */
SMALL static uint32_t compute_weights(const tw_attention_s8_parameters *parameters,
                                      const uint16_t *weights, int32_t largest, uint32_t keys,
                                      uint32_t end, int32_t *scores) {
  const uint32_t limit = parameters->weight_limit;
  const uint32_t drop = parameters->weight_drop;
  const uint32_t bits = parameters->weight_bits;
  int16_t *results = (int16_t *)(void *)scores;
  uint32_t total = 0;
  uint32_t s, f;
  uint32_t e = 0;
  if (keys != 0 && bits == 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[keys]", "1f")
                     "  cv.lw %[s], (%[scores]), 4\n"
                     "  add %[total], %[total], %[e]\n"
                     "  sub %[s], %[largest], %[s]\n"
                     "  srl %[s], %[s], %[drop]\n"
                     "  cv.minu %[s], %[s], %[limit]\n"
                     "  slli %[s], %[s], 1\n"
                     "  cv.lhu %[e], %[s](%[weights])\n"
                     "  cv.sh %[e], (%[results]), 2\n"
                     "1:\n" TW_LOOP_END
                     : [s] "=&r"(s), [e] "+r"(e), [total] "+r"(total), [scores] "+r"(scores),
                       [results] "+r"(results)
                     : [largest] "r"(largest), [drop] "r"(drop), [limit] "r"(limit),
                       [weights] "r"(weights), [keys] "r"(keys)
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

/* The four elements of two values, v and u, as pairs of 16 bits in a, c, b, d. */
#define WIDEN                      \
  "  cv.pack %[a], %[u], %[v]\n"   \
  "  cv.pack.h %[b], %[u], %[v]\n" \
  "  cv.sra.sci.h %[c], %[a], 8\n" \
  "  cv.sll.sci.h %[a], %[a], 8\n" \
  "  cv.sra.sci.h %[d], %[b], 8\n" \
  "  cv.sll.sci.h %[b], %[b], 8\n" \
  "  cv.sra.sci.h %[a], %[a], 8\n" \
  "  cv.sra.sci.h %[b], %[b], 8\n"

/* Sums of weight[j] * value[j][c] over an even number of keys and four columns. */
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
                   "  cv.sdotsp.h %[s0], %[e], %[a]\n"
                   "  cv.sdotsp.h %[s1], %[e], %[c]\n"
                   "  cv.sdotsp.h %[s2], %[e], %[b]\n"
                   "  cv.sdotsp.h %[s3], %[e], %[d]\n"
                   "1:\n" TW_LOOP_END
                   : [s0] "+r"(sums.column[0]), [s1] "+r"(sums.column[1]),
                     [s2] "+r"(sums.column[2]), [s3] "+r"(sums.column[3]), [u] "=&r"(u),
                     [v] "=&r"(v), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d),
                     [e] "=&r"(e), [value] "+r"(value), [weights] "+r"(weights)
                   : [stride] "r"(stride), [pairs] "r"(pairs)
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
                   "  cv.sdotsp.h %[s0], %[e], %[a]\n"
                   "  cv.sdotsp.h %[s1], %[e], %[c]\n"
                   "  cv.sdotsp.h %[s2], %[e], %[b]\n"
                   "  cv.lw %[u], (%[weights_1]), 4\n"
                   "  cv.sdotsp.h %[s3], %[e], %[d]\n"
                   "  cv.sdotsp.h %[t0], %[u], %[a]\n"
                   "  cv.sdotsp.h %[t1], %[u], %[c]\n"
                   "  cv.sdotsp.h %[t2], %[u], %[b]\n"
                   "  cv.sdotsp.h %[t3], %[u], %[d]\n"
                   "1:\n" TW_LOOP_END
                   : [s0] "+r"(s.column[0]), [s1] "+r"(s.column[1]), [s2] "+r"(s.column[2]),
                     [s3] "+r"(s.column[3]), [t0] "+r"(t.column[0]), [t1] "+r"(t.column[1]),
                     [t2] "+r"(t.column[2]), [t3] "+r"(t.column[3]), [u] "=&r"(u), [v] "=&r"(v),
                     [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e),
                     [value] "+r"(value), [weights_0] "+r"(weights_0), [weights_1] "+r"(weights_1)
                   : [stride] "r"(stride), [pairs] "r"(pairs)
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
                                                      const item *rows, const tw_attention_division *by,
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
                            uint32_t keys, const int8_t *value) {
  const uint32_t stride = parameters->value_row_stride;
  const uint32_t size = parameters->value_size;
  const uint32_t quads = keys <= BLOCK_KEYS && parameters->output_shift > 32 ? size / 4 : 0;
  const uint32_t shift = parameters->output_shift;
  const int32_t zero_point = quads != 0 ? parameters->output_zero_point * (1 << (shift - 32)) : 0;
  tw_attention_division by[ROWS];
  for (uint32_t row = 0; row < rows->rows; ++row) {
    by[row] = division_by(rows->total[row], parameters->output_scale);
  }
  for (uint32_t c = 0; c < 4 * quads; c += 4) {
    four_sums sums[ROWS];
    sum_block(rows, value + c, stride, 0, keys, parameters->key_capacity, sums);
    for (uint32_t row = 0; row < rows->rows; ++row) {
      int8_t *output = rows->output[row] + c;
      const int32_t centre = parameters->value_zero_point * (int32_t)rows->total[row];
      for (uint32_t i = 0; i < 4; ++i) {
        output[i] = divide(by[row], sums[row].column[i] - centre, shift, zero_point);
      }
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

SMALL void tw_attention_s8(const tw_attention_s8_parameters *parameters, const int8_t *query,
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
                        at.key_head * parameters->value_head_stride);
  }
}
