/* Attention with heads of one word for several queries, on CORE-V cores: two queries of a head at a
 * time, which share its keys and its widened values.
 *
 * Cycles per key of both queries: 5 for the largest scores, then 19. Scores are computed twice,
 * because that takes no longer than to store and load them. A core's own instruction cache holds
 * 512 bytes: each phase does its part for several queries, so that its code is fetched once. */
#include "attention_division.h"
#include "tilewright/attention.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/simd.h"

#define SIZE 4u
#define ROWS 9u /* pairs, and one whose neighbour attends to other keys */

/* Sums of one query: of weights times values, and of weights. Bytes 0 and 2 of values stay where
 * they are, below bytes 1 and 3, and count as 128 more than they are: their sums hold 256 times
 * those of their neighbours, and 128 times those of the weights. */
typedef struct {
  int32_t column[SIZE];
  int32_t total;
} weighted_sums;

typedef struct {
  uint32_t query;
  uint32_t keys;  /* to which it attends */
  int32_t lowest; /* score, which others count as */
  weighted_sums sums;
} row;

/* Some queries of a head, and what they share. */
typedef struct {
  const tw_attention_words_s8_parameters *parameters;
  const int8_t *key;
  const int8_t *value;
  const uint16_t *weights;
  uint32_t rows;
  row row[ROWS];
} batch;

static inline uint32_t load_word(const int8_t *from) {
  return *(const uint32_t *)(const void *)from;
}

static inline int32_t larger(int32_t a, int32_t b) {
  int32_t result;
  __asm__("cv.max %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* The query that is computed together with `first`: the next one, if it attends to as many pairs of
 * keys, or itself. */
static inline row *partner_of(row *first, const row *end) {
  row *const next = first + 1;
  return next != end && (first->keys ^ next->keys) <= 1 ? next : first;
}

/* Each query's largest score less the limit of distances. If there are `further` queries, the last
 * one is left to them if it has no partner. */
static inline void find_lowest(batch *of, uint32_t further) {
  const uint32_t limit = of->parameters->weight_limit;
  row *const end = of->row + of->rows;
  row *partner;
  for (row *first = of->row; first != end; first = partner + 1) {
    partner = partner_of(first, end);
    if (further != 0 && first + 1 == end && first != of->row) {
      --of->rows;
      return;
    }
    const uint32_t q0 = first->query;
    const uint32_t q1 = partner->query;
    const uint32_t keys = first->keys & ~1u;
    const int8_t *key = of->key;
    int32_t largest0 = INT32_MIN;
    int32_t largest1 = INT32_MIN;
    int32_t a = INT32_MIN;
    int32_t b = INT32_MIN;
    uint32_t k;
    if (keys != 0) {
      __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[keys]", "1f")
                       "  cv.lw %[k], (%[key]), 4\n"
                       "  cv.max %[largest0], %[largest0], %[a]\n"
                       "  cv.max %[largest1], %[largest1], %[b]\n"
                       "  cv.dotsp.b %[a], %[k], %[q0]\n"
                       "  cv.dotsp.b %[b], %[k], %[q1]\n"
                       "1:\n" TW_LOOP_END
                       : [k] "=&r"(k), [a] "+r"(a), [b] "+r"(b), [largest0] "+r"(largest0),
                         [largest1] "+r"(largest1), [key] "+r"(key)
                       : [q0] "r"(q0), [q1] "r"(q1), [keys] "r"(keys)
                       : "memory");
    }
    largest0 = larger(largest0, a);
    largest1 = larger(largest1, b);
    if (first->keys % 2 != 0) {
      largest0 = larger(largest0, tw_dot_s8(load_word(key), q0));
    }
    if (partner->keys % 2 != 0) {
      largest1 = larger(largest1, tw_dot_s8(load_word(key), q1));
    }
    /* Modulo 2^32: without keys, there is no largest one. */
    first->lowest = (int32_t)((uint32_t)largest0 - limit);
    partner->lowest = (int32_t)((uint32_t)largest1 - limit);
  }
}

/* Where the entry of a score of 0 would be: entry 0 is that of the lowest one. */
static inline uintptr_t entries_of(const batch *of, int32_t lowest) {
  return (uintptr_t)of->weights - 2u * (uint32_t)lowest;
}

/* Sums over pairs of keys. */
static inline void sum_values(batch *of) {
  row *const end = of->row + of->rows;
  row *partner;
  for (row *first = of->row; first != end; first = partner + 1) {
    partner = partner_of(first, end);
    const int8_t *key = of->key;
    const int8_t *value = of->value;
    weighted_sums s = {{0, 0, 0, 0}, 0};
    weighted_sums t = s;
    if (first->keys >= 2) {
      uint32_t a, b, k, l, u, v;
      __asm__ volatile(
          TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
          "  cv.lw %[k], (%[key]), 4\n"
          "  cv.lw %[l], (%[key]), 4\n"
          "  cv.dotsp.b %[a], %[k], %[q0]\n"
          "  cv.dotsp.b %[b], %[l], %[q0]\n"
          "  cv.dotsp.b %[k], %[k], %[q1]\n"
          "  cv.dotsp.b %[l], %[l], %[q1]\n"
          "  cv.max %[a], %[a], %[lowest0]\n"
          "  cv.max %[b], %[b], %[lowest0]\n"
          "  cv.max %[k], %[k], %[lowest1]\n"
          "  cv.max %[l], %[l], %[lowest1]\n"
          "  slli %[a], %[a], 1\n"
          "  slli %[b], %[b], 1\n"
          "  slli %[k], %[k], 1\n"
          "  slli %[l], %[l], 1\n"
          "  cv.lhu %[a], %[a](%[entries0])\n"
          "  cv.lhu %[b], %[b](%[entries0])\n"
          "  cv.lhu %[k], %[k](%[entries1])\n"
          "  cv.lhu %[l], %[l](%[entries1])\n"
          "  cv.lw %[v], (%[value]), 4\n"
          "  cv.lw %[u], (%[value]), 4\n"
          "  cv.pack %[a], %[b], %[a]\n"
          "  cv.pack %[k], %[l], %[k]\n"
          "  cv.pack %[b], %[u], %[v]\n"
          "  cv.pack.h %[u], %[u], %[v]\n"
          "  cv.sra.sci.h %[v], %[b], 8\n"
          "  cv.sra.sci.h %[l], %[u], 8\n"
          "  xor %[b], %[b], %[flip]\n"
          "  xor %[u], %[u], %[flip]\n"
          "  cv.sdotsp.h %[s1], %[a], %[v]\n"
          "  cv.sdotsp.h %[s3], %[a], %[l]\n"
          "  cv.sdotsp.h %[s0], %[a], %[b]\n"
          "  cv.sdotsp.h %[s2], %[a], %[u]\n"
          "  cv.sdotsp.sci.h %[s4], %[a], 1\n"
          "  cv.sdotsp.h %[t1], %[k], %[v]\n"
          "  cv.sdotsp.h %[t3], %[k], %[l]\n"
          "  cv.sdotsp.h %[t0], %[k], %[b]\n"
          "  cv.sdotsp.h %[t2], %[k], %[u]\n"
          "  cv.sdotsp.sci.h %[t4], %[k], 1\n"
          "1:\n" TW_LOOP_END
          : [a] "=&r"(a), [b] "=&r"(b), [k] "=&r"(k), [l] "=&r"(l), [u] "=&r"(u), [v] "=&r"(v),
            [key] "+r"(key), [value] "+r"(value), [s0] "+r"(s.column[0]), [s1] "+r"(s.column[1]),
            [s2] "+r"(s.column[2]), [s3] "+r"(s.column[3]), [s4] "+r"(s.total),
            [t0] "+r"(t.column[0]), [t1] "+r"(t.column[1]), [t2] "+r"(t.column[2]),
            [t3] "+r"(t.column[3]), [t4] "+r"(t.total)
          : [q0] "r"(first->query), [q1] "r"(partner->query), [lowest0] "r"(first->lowest),
            [lowest1] "r"(partner->lowest), [entries0] "r"(entries_of(of, first->lowest)),
            [entries1] "r"(entries_of(of, partner->lowest)), [flip] "r"(UINT32_C(0x00800080)),
            [pairs] "r"(first->keys / 2)
          : "memory");
    }
    first->sums = s;
    partner->sums = t;
  }
}

/* A query's results, with the key that makes no pair. */
static inline uint32_t divide(const batch *of, const row *from) {
  const tw_attention_words_s8_parameters *parameters = of->parameters;
  const int32_t *const column = from->sums.column;
  const uint32_t paired = (uint32_t)from->sums.total;
  int32_t weight = 0;
  const int8_t *value = of->value;
  if (from->keys % 2 != 0) {
    const uint32_t last = SIZE * (from->keys - 1);
    const int32_t score = larger(tw_dot_s8(load_word(of->key + last), from->query), from->lowest);
    weight = *(const uint16_t *)(entries_of(of, from->lowest) + 2u * (uint32_t)score);
    value += last;
  }
  const uint32_t total = paired + (uint32_t)weight;
  /* Without any key, the sums are 0 whatever they are divided by. */
  const tw_attention_division by =
      division_by(total != 0 ? total : 65535, parameters->output_scale);
  const uint32_t shift = parameters->output_shift - 32;
  const int32_t zero_point = parameters->output_zero_point * (INT32_C(1) << shift);
  const uint32_t centre = (uint32_t)parameters->value_zero_point * total;
  uint32_t result[SIZE];
  for (uint32_t c = 0; c < SIZE; ++c) {
    /* Modulo 2^32: before that they may not fit. */
    uint32_t sum = (uint32_t)column[c] - centre;
    if (c % 2 == 0) {
      sum -= (uint32_t)column[c + 1] * 256u + paired * 128u;
    }
    const int32_t centred = (int32_t)(sum + (uint32_t)(weight * value[c]));
    int32_t x = (int32_t)((int64_t)(centred >> by.excess) * by.factor >> 32);
    __asm__("cv.addrnr %0, %1, %2" : "+r"(x) : "r"(zero_point), "r"(shift));
    __asm__("cv.clip %0, %1, 8" : "=r"(result[c]) : "r"(x));
  }
  uint32_t packed;
  __asm__(
      "cv.packlo.b %0, %2, %1\n"
      "  cv.packhi.b %0, %4, %3"
      : "=&r"(packed)
      : "r"(result[0]), "r"(result[1]), "r"(result[2]), "r"(result[3]));
  return packed;
}

static inline uint32_t keys_at(const tw_attention_words_s8_parameters *parameters,
                               int32_t position) {
  const int32_t bound = tw_attention_bounded(position) + parameters->position_offset;
  const int32_t most = (int32_t)parameters->keys;
  const int32_t count = bound < most ? bound : most;
  return count < 0 ? 0u : (uint32_t)count;
}

/* Reads queries from `first` on, whose keys not only positions limit. */
__attribute__((noinline)) static void read_any(batch *of, const int8_t *query,
                                               const int32_t *position, const int32_t *valid_keys,
                                               uint32_t first) {
  const tw_attention_words_s8_parameters *const parameters = of->parameters;
  for (uint32_t i = 0; i < of->rows; ++i) {
    of->row[i].query = load_word(query + i * parameters->query_row_stride);
    of->row[i].keys = tw_attended_keys(
        parameters->keys, position ? position + i * parameters->position_row_stride : 0,
        parameters->position_offset, valid_keys, parameters->causal, first + i,
        parameters->queries);
  }
}

static inline void read_queries(batch *of, const int8_t *query, const int32_t *position,
                                const int32_t *valid_keys, uint32_t first) {
  const tw_attention_words_s8_parameters *const parameters = of->parameters;
  if (!position || valid_keys || parameters->causal != 0) {
    read_any(of, query, position, valid_keys, first);
    return;
  }
  row *const end = of->row + of->rows;
  for (row *to = of->row; to != end; ++to) {
    to->query = load_word(query);
    to->keys = keys_at(parameters, *position);
    query += parameters->query_row_stride;
    position += parameters->position_row_stride;
  }
}

void tw_attention_words_s8(const tw_attention_words_s8_parameters *parameters, const int8_t *query,
                           const int8_t *key, const int8_t *value, const int32_t *positions,
                           const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                           uint32_t core, uint32_t cores) {
  const uint32_t queries = parameters->queries;
  const tw_range share = tw_share(parameters->heads * queries, core, cores);
  uint32_t head = share.begin / queries;
  uint32_t first = share.begin - head * queries;
  batch of;
  of.parameters = parameters;
  of.weights = weights;
  for (uint32_t left = share.end - share.begin; left != 0; left -= of.rows) {
    of.key = key + head * parameters->key_head_stride;
    of.value = value + head * parameters->value_head_stride;
    const uint32_t below = queries - first < left ? queries - first : left;
    of.rows = below < ROWS ? below : ROWS;
    read_queries(
        &of, query + head * parameters->query_head_stride + first * parameters->query_row_stride,
        positions ? positions + first * parameters->position_row_stride : 0, valid_keys, first);
    find_lowest(&of, below - of.rows);
    sum_values(&of);
    int8_t *to =
        output + head * parameters->output_head_stride + first * parameters->output_row_stride;
    for (uint32_t i = 0; i < of.rows; ++i, to += parameters->output_row_stride) {
      *(uint32_t *)(void *)to = divide(&of, &of.row[i]);
    }
    first += of.rows;
    if (first == queries) {
      first = 0;
      ++head;
    }
  }
}
