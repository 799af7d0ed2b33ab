/* Attention on CORE-V cores. Per key of a row:
 *
 *     score        a word of the query meets words of four keys: 9 instructions for 16 products, 13
 *                  if the query's zero point is not 0; and 26 instructions per four keys
 *     weight       24 cycles, of which 5 are the 64-bit product
 *     4 columns    6.75 instructions: values of four keys are transposed, so that dot products run
 *                  along the keys; a weight's upper 7 and lower 8 bits are multiplied separately
 */
#include "tilewright/arithmetic.h"
#include "tilewright/attention.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/simd.h"

#define KEYS 4u
#define COLUMNS 4u
#define WORD 4u

/* One step of four keys' sums, and what is subtracted for the query's zero point. */
#define SCORE_LOADS                   \
  "  cv.lw %[q], (%[query]), 4\n"     \
  "  cv.lw %[a], (%[k0]), 4\n"        \
  "  cv.lw %[b], (%[k1]), 4\n"        \
  "  cv.lw %[c], (%[k2]), 4\n"        \
  "  cv.lw %[d], (%[k3]), 4\n"        \
  "  cv.sdotsp.b %[s0], %[q], %[a]\n" \
  "  cv.sdotsp.b %[s1], %[q], %[b]\n" \
  "  cv.sdotsp.b %[s2], %[q], %[c]\n" \
  "  cv.sdotsp.b %[s3], %[q], %[d]\n"
#define SCORE_ZERO_POINT                 \
  "  cv.sdotsp.b %[z0], %[zero], %[a]\n" \
  "  cv.sdotsp.b %[z1], %[zero], %[b]\n" \
  "  cv.sdotsp.b %[z2], %[zero], %[c]\n" \
  "  cv.sdotsp.b %[z3], %[zero], %[d]\n"

/* Scores of `quads` times four keys whose rows have `words` words. */
#define SCORE_LOOP(step) \
  __asm__ volatile(                                                                              \
      TW_LOOP_BEGIN TW_LOOP_SETUP(1, "%[quads]", "2f")                                           \
      "  li %[s0], 0\n  li %[s1], 0\n  li %[s2], 0\n  li %[s3], 0\n"                             \
      "  li %[z0], 0\n  li %[z1], 0\n  li %[z2], 0\n  li %[z3], 0\n"                             \
      TW_LOOP_SETUP(0, "%[words]", "1f") step                                                    \
      "1:\n"                                                                                     \
      "  sub %[s0], %[s0], %[z0]\n"                                                              \
      "  sub %[s1], %[s1], %[z1]\n"                                                              \
      "  sub %[s2], %[s2], %[z2]\n"                                                              \
      "  sub %[s3], %[s3], %[z3]\n"                                                              \
      "  cv.max %[largest], %[largest], %[s0]\n"                                                 \
      "  cv.max %[largest], %[largest], %[s1]\n"                                                 \
      "  cv.max %[largest], %[largest], %[s2]\n"                                                 \
      "  cv.max %[largest], %[largest], %[s3]\n"                                                 \
      "  cv.sw %[s0], (%[score]), 4\n"                                                           \
      "  cv.sw %[s1], (%[score]), 4\n"                                                           \
      "  cv.sw %[s2], (%[score]), 4\n"                                                           \
      "  cv.sw %[s3], (%[score]), 4\n"                                                           \
      "  sub %[query], %[query], %[bytes]\n"                                                     \
      "  add %[k0], %[k0], %[next]\n"                                                            \
      "  add %[k1], %[k1], %[next]\n"                                                            \
      "  add %[k2], %[k2], %[next]\n"                                                            \
      "  add %[k3], %[k3], %[next]\n"                                                            \
      "2:\n" TW_LOOP_END                                                                         \
      : [q] "=&r"(q), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [s0] "=&r"(s0),    \
        [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3), [z0] "=&r"(z0), [z1] "=&r"(z1),          \
        [z2] "=&r"(z2), [z3] "=&r"(z3), [query] "+r"(query), [k0] "+r"(k0), [k1] "+r"(k1),       \
        [k2] "+r"(k2), [k3] "+r"(k3), [score] "+r"(score), [largest] "+r"(largest)               \
      : [words] "r"(words), [quads] "r"(quads), [zero] "r"(zero), [bytes] "r"(words * WORD),     \
        [next] "r"(KEYS * stride - words * WORD)                                                 \
      : "memory")

/* Returns the largest score, if it is larger than `largest`. */
static int32_t score_quads(const int8_t *query, const int8_t *key, uint32_t stride, uint32_t words,
                           uint32_t zero, uint32_t quads, int32_t largest, int32_t *score) {
  const int8_t *k0 = key;
  const int8_t *k1 = k0 + stride;
  const int8_t *k2 = k1 + stride;
  const int8_t *k3 = k2 + stride;
  int32_t s0, s1, s2, s3, z0, z1, z2, z3;
  uint32_t q, a, b, c, d;
  if (zero == 0) {
    SCORE_LOOP(SCORE_LOADS);
  } else {
    SCORE_LOOP(SCORE_LOADS SCORE_ZERO_POINT);
  }
  return largest;
}

/* Writes score[j] = sum of (query[c] - query_zero_point) * key[j][c]; returns the largest. */
static int32_t compute_scores(const tw_attention_s8_parameters *parameters, const int8_t *query,
                              const int8_t *key, uint32_t keys, int32_t *score) {
  const uint32_t stride = parameters->key_row_stride;
  const uint32_t words = parameters->head_size / WORD;
  const int32_t zero_point = parameters->query_zero_point;
  const uint32_t zero = ((uint32_t)zero_point & 0xFFu) * UINT32_C(0x01010101);
  int32_t largest = INT32_MIN;
  uint32_t j = 0;
  if (parameters->head_size % WORD == 0 && keys >= KEYS) {
    const uint32_t quads = keys / KEYS;
    largest = score_quads(query, key, stride, words, zero, quads, largest, score);
    j = quads * KEYS;
  }
  for (; j < keys; ++j) {
    int32_t sum = 0;
    for (uint32_t c = 0; c < parameters->head_size; ++c) {
      sum += (query[c] - zero_point) * key[j * stride + c];
    }
    score[j] = sum;
    largest = sum > largest ? sum : largest;
  }
  return largest;
}

/* Replaces scores by weights, 0 to 32767, with 16 bits each, from the beginning of the same memory;
 * returns their sum. Computes tw_attention_weight with products that include their shift, and with
 * a shift that rounds, for every key: a product makes those beyond the limit zero. */
static uint32_t compute_weights(const tw_attention_s8_parameters *parameters, int32_t largest,
                                uint32_t keys, int32_t *score) {
  uint16_t *weights = (uint16_t *)(void *)score;
  uint32_t total = 0;
  uint32_t distance, near, power, shift;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[keys]", "1f")
                   "  cv.lw %[distance], (%[score]), 4\n"
                   "  sub %[distance], %[largest], %[distance]\n"
                   "  sltu %[near], %[distance], %[limit]\n"
                   "  sll %[distance], %[distance], %[left]\n"
                   "  mulhu %[distance], %[distance], %[scale]\n"
                   "  cv.mulun %[power], %[c4], %[distance], 16\n"
                   "  srli %[shift], %[distance], 16\n"
                   "  sub %[power], %[c3], %[power]\n"
                   "  cv.mulun %[power], %[power], %[distance], 16\n"
                   "  addi %[shift], %[shift], 1\n"
                   "  sub %[power], %[c2], %[power]\n"
                   "  cv.mulun %[power], %[power], %[distance], 16\n"
                   "  sub %[power], %[c1], %[power]\n"
                   "  cv.mulun %[power], %[power], %[distance], 16\n"
                   "  sub %[power], %[c0], %[power]\n"
                   "  cv.addurnr %[power], zero, %[shift]\n"
                   "  mul %[power], %[power], %[near]\n"
                   "  add %[total], %[total], %[power]\n"
                   "  cv.sh %[power], (%[weights]), 2\n"
                   "1:\n" TW_LOOP_END
                   : [distance] "=&r"(distance), [near] "=&r"(near), [power] "=&r"(power),
                     [shift] "=&r"(shift), [score] "+r"(score), [weights] "+r"(weights),
                     [total] "+r"(total)
                   : [keys] "r"(keys), [largest] "r"(largest), [limit] "r"(parameters->score_limit),
                     [left] "r"(parameters->score_shift), [scale] "r"(parameters->score_scale),
                     [c4] "r"(449), [c3] "r"(3489), [c2] "r"(15691), [c1] "r"(45418),
                     [c0] "r"(65534)
                   : "memory");
  return total;
}

/* Sums of weight[j] * value[j][c] for four columns and `quads` times four keys: those of the
 * weights' upper bytes and those of the lower ones. */
static void sum_columns(const uint16_t *weights, const int8_t *value, uint32_t stride,
                        uint32_t quads, int32_t upper[COLUMNS], int32_t lower[COLUMNS]) {
  int32_t u0 = 0, u1 = 0, u2 = 0, u3 = 0;
  int32_t l0 = 0, l1 = 0, l2 = 0, l3 = 0;
  uint32_t a, b, c, d, e, f, g, h;
  __asm__ volatile(
      TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[quads]", "1f")
      "  cv.lw %[a], (%[value]), %[stride]\n"
      "  cv.lw %[b], (%[value]), %[stride]\n"
      "  cv.lw %[c], (%[value]), %[stride]\n"
      "  cv.lw %[d], (%[value]), %[stride]\n"
      /* See depthwise_planes.c: columns in f, e, b, a. */
      "  mv %[e], %[a]\n"
      "  mv %[f], %[c]\n"
      "  cv.shuffle2.b %[e], %[b], %[low]\n"
      "  cv.shuffle2.b %[a], %[b], %[high]\n"
      "  cv.shuffle2.b %[f], %[d], %[low]\n"
      "  cv.shuffle2.b %[c], %[d], %[high]\n"
      "  cv.lw %[g], (%[weights]), 4\n"
      "  cv.lw %[h], (%[weights]), 4\n"
      "  cv.pack %[b], %[f], %[e]\n"
      "  cv.pack.h %[d], %[f], %[e]\n"
      "  cv.pack %[e], %[c], %[a]\n"
      "  cv.pack.h %[f], %[c], %[a]\n"
      "  mv %[a], %[g]\n"
      "  cv.shuffle2.b %[a], %[h], %[even]\n"
      "  cv.shuffle2.b %[g], %[h], %[odd]\n"
      "  cv.sdotusp.b %[l0], %[a], %[b]\n"
      "  cv.sdotusp.b %[l1], %[a], %[d]\n"
      "  cv.sdotusp.b %[l2], %[a], %[e]\n"
      "  cv.sdotusp.b %[l3], %[a], %[f]\n"
      "  cv.sdotsp.b %[u0], %[g], %[b]\n"
      "  cv.sdotsp.b %[u1], %[g], %[d]\n"
      "  cv.sdotsp.b %[u2], %[g], %[e]\n"
      "  cv.sdotsp.b %[u3], %[g], %[f]\n"
      "1:\n" TW_LOOP_END
      : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e), [f] "=&r"(f),
        [g] "=&r"(g), [h] "=&r"(h), [u0] "+r"(u0), [u1] "+r"(u1), [u2] "+r"(u2), [u3] "+r"(u3),
        [l0] "+r"(l0), [l1] "+r"(l1), [l2] "+r"(l2), [l3] "+r"(l3), [value] "+r"(value),
        [weights] "+r"(weights)
      : [quads] "r"(quads), [stride] "r"(stride), [low] "r"(UINT32_C(0x05010400)),
        [high] "r"(UINT32_C(0x07030602)), [even] "r"(UINT32_C(0x06040200)),
        [odd] "r"(UINT32_C(0x07050301))
      : "memory");
  upper[0] = u0;
  upper[1] = u1;
  upper[2] = u2;
  upper[3] = u3;
  lower[0] = l0;
  lower[1] = l1;
  lower[2] = l2;
  lower[3] = l3;
}

/* What a row's outputs are made with. */
typedef struct {
  const uint16_t *weights;
  uint32_t keys;
  int64_t centre; /* value_zero_point times the sum of the weights */
  int64_t reciprocal;
  uint32_t shift;
} row_constants;

static int8_t output_of(const tw_attention_s8_parameters *parameters, const row_constants *row,
                        int64_t sum) {
  const int64_t rounding = INT64_C(1) << (parameters->output_shift - 1);
  const int64_t mean = ((sum - row->centre) * row->reciprocal) >> row->shift;
  const int64_t steps = ((mean * parameters->output_scale + rounding) >> parameters->output_shift) +
                        parameters->output_zero_point;
  return (int8_t)(steps < -128 ? -128 : (steps > 127 ? 127 : steps));
}

/* The same with products of which only 32 bits matter: see `is_short`. */
static int8_t short_output_of(const tw_attention_s8_parameters *parameters,
                              const row_constants *row, int32_t sum) {
  const int32_t numerator = sum - (int32_t)row->centre;
  const int64_t product = (int64_t)numerator * (int32_t)row->reciprocal;
  const uint32_t upper = (uint32_t)((uint64_t)product >> 32);
  const int32_t mean = (int32_t)(upper << (32 - row->shift) | (uint32_t)product >> row->shift);
  /* What is added for rounding does not reach the lower half, and neither does the shift. */
  const int32_t high = (int32_t)(((int64_t)mean * parameters->output_scale) >> 32);
  const uint32_t shift = parameters->output_shift - 32;
  return (int8_t)tw_clip(((high + tw_half(shift)) >> shift) + parameters->output_zero_point, -128,
                         127);
}

/* Most keys whose sums, of weights times differences of 8 bits, fit int32. */
#define SHORT_KEYS 256u

static int is_short(const tw_attention_s8_parameters *parameters, uint32_t keys) {
  return keys <= SHORT_KEYS && parameters->output_shift > 32;
}

/* Columns of the output, COLUMNS or fewer. */
static void compute_columns(const tw_attention_s8_parameters *parameters, const row_constants *row,
                            const int8_t *value, uint32_t count, int8_t *output) {
  const uint32_t stride = parameters->value_row_stride;
  const uint32_t quads = count == COLUMNS ? row->keys / KEYS : 0;
  const int brief = is_short(parameters, row->keys);
  int32_t upper[COLUMNS] = {0};
  int32_t lower[COLUMNS] = {0};
  if (quads != 0) {
    sum_columns(row->weights, value, stride, quads, upper, lower);
  }
  for (uint32_t c = 0; c < count; ++c) {
    int64_t sum = (int64_t)upper[c] * 256 + lower[c];
    for (uint32_t j = quads * KEYS; j < row->keys; ++j) {
      sum += (int32_t)row->weights[j] * value[j * stride + c];
    }
    output[c] =
        brief ? short_output_of(parameters, row, (int32_t)sum) : output_of(parameters, row, sum);
  }
}

/* Goes on to the next item: query rows of a head, heads of a batch entry. */
static void next_item(tw_attention_item *item, uint32_t queries, uint32_t query_heads,
                      uint32_t group) {
  if (++item->query < queries) {
    return;
  }
  item->query = 0;
  if (++item->query_head == query_heads) {
    item->query_head = 0;
    ++item->batch;
  }
  item->key_head = item->query_head / group;
}

void tw_attention_s8(const tw_attention_s8_parameters *parameters, const int8_t *query,
                     const int8_t *key, const int8_t *value, const int32_t *positions,
                     const int32_t *valid_keys, int8_t *output, int32_t *scratch, uint32_t core,
                     uint32_t cores) {
  const uint32_t query_heads = parameters->query_heads;
  const uint32_t key_heads = parameters->key_heads;
  const uint32_t queries = parameters->queries;
  const uint32_t head_size = parameters->head_size;
  const uint32_t value_size = parameters->value_size;
  const uint32_t capacity = parameters->key_capacity;
  int32_t *scores = scratch + core * parameters->keys;
  const tw_range share = tw_share(parameters->batch * query_heads * queries, core, cores);
  const uint32_t group = query_heads / key_heads;
  tw_attention_item item = tw_attention_item_at(share.begin, query_heads, key_heads, queries);
  for (uint32_t index = share.begin; index < share.end;
       ++index, next_item(&item, queries, query_heads, group)) {
    const uint32_t keys =
        tw_attended_keys(parameters->keys,
                         positions ? positions + item.batch * parameters->position_batch_stride +
                                         item.query * parameters->position_row_stride
                                   : 0,
                         parameters->position_offset, valid_keys ? valid_keys + item.batch : 0,
                         parameters->causal, item.query, queries);
    const int8_t *q = query + item.batch * query_heads * queries * head_size +
                      item.query_head * parameters->query_head_stride +
                      item.query * parameters->query_row_stride;
    const int8_t *k = key + item.batch * key_heads * capacity * head_size +
                      item.key_head * parameters->key_head_stride;
    const int8_t *v = value + item.batch * key_heads * capacity * value_size +
                      item.key_head * parameters->value_head_stride;
    int8_t *y = output + item.batch * query_heads * queries * value_size +
                item.query_head * parameters->output_head_stride +
                item.query * parameters->output_row_stride;
    if (keys == 0) {
      for (uint32_t c = 0; c < value_size; ++c) {
        y[c] = (int8_t)parameters->output_zero_point;
      }
      continue;
    }
    const int32_t largest = compute_scores(parameters, q, k, keys, scores);
    const uint32_t total = compute_weights(parameters, largest, keys, scores);
    uint32_t shift = 0; /* of the total to 16 bits; it is at least 32767 */
    while (total >> shift >= 65536u) {
      ++shift;
    }
    const uint32_t divisor = (total + (uint32_t)tw_half(shift)) >> shift;
    const row_constants row = {
        .weights = (const uint16_t *)(const void *)scores,
        .keys = keys,
        .centre = (int64_t)parameters->value_zero_point * total,
        .reciprocal = ((UINT32_C(1) << 31) + divisor / 2) / divisor,
        .shift = 15 + shift, /* leaves 16 fractional bits */
    };
    for (uint32_t c = 0; c < value_size; c += COLUMNS) {
      compute_columns(parameters, &row, v + c, value_size - c < COLUMNS ? value_size - c : COLUMNS,
                      y + c);
    }
  }
}
