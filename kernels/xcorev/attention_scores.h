/* Scores of keys, for one or two queries of a head at a time, which share its keys: on CORE-V
 * cores.
 *
 * Cycles per key and query for heads of W words: 2.25 W - 1 if W is a multiple of 4, else 2.5 W +
 * 5, or 3 W + 6 for a single query. A query's zero point costs a product per word and a subtraction
 * per score more, and is no case of the first kind. */
#ifndef TILEWRIGHT_ATTENTION_SCORES_H_
#define TILEWRIGHT_ATTENTION_SCORES_H_

#include "tilewright/attention.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/placement.h"

#define ROWS 2u

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

/* Four words of keys; `begin` begins a key's scores, `product` adds to or makes them. */
#define SCORES_OF_FOUR_WORDS(begin, product) \
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[count]", "1f")                                \
      "  cv.lw %[k], (%[key]), 4\n"                                                                \
      "  cv.lw %[l], (%[key]), 4\n" begin                                                          \
      "  " product " %[a], %[k], %[q0]\n"                                                          \
      "  " product " %[b], %[k], %[r0]\n"                                                          \
      "  cv.lw %[k], (%[key]), 4\n"                                                                \
      "  cv.sdotsp.b %[a], %[l], %[q1]\n"                                                          \
      "  cv.sdotsp.b %[b], %[l], %[r1]\n"                                                          \
      "  cv.lw %[l], (%[key]), %[rest]\n"                                                          \
      "  cv.sdotsp.b %[a], %[k], %[q2]\n"                                                          \
      "  cv.sdotsp.b %[b], %[k], %[r2]\n"                                                          \
      "  cv.sdotsp.b %[a], %[l], %[q3]\n"                                                          \
      "  cv.sdotsp.b %[b], %[l], %[r3]\n"                                                          \
      "  cv.sw %[a], (%[scores_0]), 4\n"                                                           \
      "  cv.sw %[b], (%[scores_1]), 4\n"                                                           \
      "  cv.max %[largest_0], %[largest_0], %[a]\n"                                                \
      "  cv.max %[largest_1], %[largest_1], %[b]\n"                                                \
      "1:\n" TW_LOOP_END                                                                           \
      : [k] "=&r"(k), [l] "=&r"(l), [a] "=&r"(a), [b] "=&r"(b), [largest_0] "+r"(largest_0),       \
      [largest_1] "+r"(largest_1), [key] "+r"(from), [scores_0] "+r"(scores_0),                    \
      [scores_1] "+r"(scores_1)                                                                    \
      : [q0] "r"(load(q)), [q1] "r"(load(q + 4)), [q2] "r"(load(q + 8)), [q3] "r"(load(q + 12)),   \
      [r0] "r"(load(r)), [r1] "r"(load(r + 4)), [r2] "r"(load(r + 8)), [r3] "r"(load(r + 12)),     \
      [rest] "r"(stride - 12), [count] "r"(count)                                                  \
      : "memory")

/* Scores of `count` keys with one query. Here and below the largest of a query's scores and
 * `largest` is returned; `zero` is the query's zero point in four bytes, the product with which is
 * subtracted. */
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

/* The same with two queries of 4, 8, 12, ... words, whose zero point is 0. */
static void scores_of_quads(item *rows, uint32_t words, const int8_t *key, uint32_t stride,
                            uint32_t count) {
  uint32_t k, l;
  int32_t a, b;
  for (uint32_t c = 0; c < 4 * words; c += 16) {
    const int8_t *q = rows->query[0] + c;
    const int8_t *r = rows->query[1] + c;
    const int8_t *from = key + c;
    int32_t *scores_0 = rows->scores[0];
    int32_t *scores_1 = rows->scores[1];
    int32_t largest_0 = INT32_MIN; /* counts when the last words are added */
    int32_t largest_1 = INT32_MIN;
    if (c == 0) {
      SCORES_OF_FOUR_WORDS("", "cv.dotsp.b");
    } else {
      SCORES_OF_FOUR_WORDS(
          "  lw %[a], 0(%[scores_0])\n"
          "  lw %[b], 0(%[scores_1])\n",
          "cv.sdotsp.b");
    }
    rows->largest[0] = largest_0;
    rows->largest[1] = largest_1;
  }
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

TW_SMALL static void compute_scores(const tw_attention_s8_parameters *parameters, item *rows,
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
  if (common != 0 && words % 4 == 0 && words != 0 && zero == 0) {
    scores_of_quads(rows, words, key, stride, common);
  } else if (common != 0 && words != 0) {
    scores_of_two_rows(rows, zero, words, key, stride, common);
  }
  for (uint32_t row = 0; row < rows->rows; ++row) {
    const uint32_t count = rows->keys[row] - common;
    const int8_t *further = key + common * stride;
    int32_t *scores = rows->scores[row] + common;
    if (count != 0 && words != 0) {
      rows->largest[row] = scores_of_row(rows->query[row], zero, words, further, stride, count,
                                         scores, rows->largest[row]);
    }
    if (parameters->head_size % 4 != 0) {
      complete_scores(parameters, rows, row, key);
    }
  }
}

#endif /* TILEWRIGHT_ATTENTION_SCORES_H_ */
