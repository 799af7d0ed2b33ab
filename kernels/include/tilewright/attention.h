/* Scaled dot-product attention with grouped queries.
 *
 * Query, key, value and output hold one vector per batch entry, head and row (query or key); head
 * and row strides are given in elements, batch entries are contiguous. Query head h uses key and
 * value head h / (query_heads / key_heads).
 *
 * Query i of batch entry b attends to its first n keys, n being the smallest of
 *   keys;
 *   positions[b * position_batch_stride + i * position_row_stride] + position_offset, if positions
 *     are given;
 *   valid_keys[b], if given;
 *   i + 1 + (valid_keys ? valid_keys[b] - queries : 0), if causal.
 * No other key or value is read. A query that attends to no key gives zeros. |position_offset| is
 * below 2^27, and so is `queries`.
 */
#ifndef TILEWRIGHT_ATTENTION_H_
#define TILEWRIGHT_ATTENTION_H_

#include <stdint.h>

typedef struct {
  uint32_t batch;
  uint32_t query_heads;
  uint32_t key_heads;
  uint32_t queries;
  uint32_t keys;         /* most keys that a query attends to */
  uint32_t key_capacity; /* keys in memory */
  uint32_t head_size;    /* of query and key */
  uint32_t value_size;   /* of value and output */
  uint32_t query_head_stride;
  uint32_t query_row_stride;
  uint32_t key_head_stride;
  uint32_t key_row_stride;
  uint32_t value_head_stride;
  uint32_t value_row_stride;
  uint32_t output_head_stride;
  uint32_t output_row_stride;
  uint32_t position_batch_stride;
  uint32_t position_row_stride;
  int32_t position_offset;
  uint32_t causal;
  int32_t query_zero_point;
  int32_t value_zero_point;
  int32_t output_zero_point;
  uint32_t weight_drop; /* see tw_attention_weight */
  uint32_t weight_limit;
  uint32_t weight_bits;
  int32_t output_scale;
  uint32_t output_shift;
} tw_attention_s8_parameters;

/* int8 attention; docs/numerics.md defines the arithmetic. positions and valid_keys may be NULL.
 * weights: see tw_attention_weight. scratch: int32 [TW_MAXIMUM_CORES][queries > 1 ? 2 : 1][keys].
 */
void tw_attention_s8(const tw_attention_s8_parameters *parameters, const int8_t *query,
                     const int8_t *key, const int8_t *value, const int32_t *positions,
                     const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                     int32_t *scratch, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t heads; /* of query, key and value */
  uint32_t queries;
  uint32_t keys;
  uint32_t query_head_stride;
  uint32_t query_row_stride;
  uint32_t key_head_stride;
  uint32_t value_head_stride;
  uint32_t output_head_stride;
  uint32_t output_row_stride;
  uint32_t position_row_stride;
  int32_t position_offset;
  uint32_t causal;
  int32_t value_zero_point;
  int32_t output_zero_point;
  uint32_t weight_limit;
  uint32_t weight_bits;
  int32_t output_scale;
  uint32_t output_shift;
} tw_attention_word_s8_parameters;

/* The same for heads of size 4 whose keys and values follow each other, one batch entry, as many
 * key heads as query heads, query zero point 0, weight_drop 0, output_shift > 32, operands aligned
 * to 4 bytes, and so few keys that the weighted sum of 128 + |value_zero_point| fits int32. */
void tw_attention_word_s8(const tw_attention_word_s8_parameters *parameters, const int8_t *query,
                          const int8_t *key, const int8_t *value, const int32_t *positions,
                          const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                          uint32_t core, uint32_t cores);

typedef struct {
  uint32_t batch;
  uint32_t query_heads;
  uint32_t key_heads;
  uint32_t queries;
  uint32_t keys;
  uint32_t key_capacity;
  uint32_t head_size;
  uint32_t value_size;
  uint32_t query_head_stride;
  uint32_t query_row_stride;
  uint32_t key_head_stride;
  uint32_t key_row_stride;
  uint32_t value_head_stride;
  uint32_t value_row_stride;
  uint32_t output_head_stride;
  uint32_t output_row_stride;
  uint32_t position_batch_stride;
  uint32_t position_row_stride;
  int32_t position_offset;
  uint32_t causal;
  float scale;
} tw_attention_f32_parameters;

/* score[j] = scale * (sum over ascending c of query[c] * key[j][c])
 * weight[j] = exp(score[j] - largest score)
 * output[c] = (sum over ascending j of weight[j] * value[j][c]) * (1 / (sum of weight[j]))
 * scratch: float [TW_MAXIMUM_CORES][keys]. */
void tw_attention_f32(const tw_attention_f32_parameters *parameters, const float *query,
                      const float *key, const float *value, const int32_t *positions,
                      const int32_t *valid_keys, float *output, float *scratch, uint32_t core,
                      uint32_t cores);

/* One query row of one head. */
typedef struct {
  uint32_t heads; /* of query, key and value */
  uint32_t queries;
  uint32_t keys;
  uint32_t query_head_stride;
  uint32_t query_row_stride;
  uint32_t key_head_stride;
  uint32_t value_head_stride;
  uint32_t output_head_stride;
  uint32_t output_row_stride;
  uint32_t position_row_stride;
  int32_t position_offset;
  uint32_t causal;
  int32_t value_zero_point;
  int32_t output_zero_point;
  uint32_t weight_limit;
  int32_t output_scale;
  uint32_t output_shift;
} tw_attention_words_s8_parameters;

/* The same again for several queries, with one table of weights (weight_bits 0). */
void tw_attention_words_s8(const tw_attention_words_s8_parameters *parameters, const int8_t *query,
                           const int8_t *key, const int8_t *value, const int32_t *positions,
                           const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                           uint32_t core, uint32_t cores);

typedef struct {
  uint32_t batch;
  uint32_t query_head;
  uint32_t key_head;
  uint32_t query;
} tw_attention_item;

/* Item `index` of batch * query_heads * queries. */
static inline tw_attention_item tw_attention_item_at(uint32_t index, uint32_t query_heads,
                                                     uint32_t key_heads, uint32_t queries) {
  tw_attention_item item;
  item.query = index % queries;
  item.query_head = index / queries % query_heads;
  item.batch = index / queries / query_heads;
  item.key_head = item.query_head / (query_heads / key_heads);
  return item;
}

/* Far more than any number of keys; differences of three such numbers fit int32. */
#define TW_ATTENTION_MOST (INT32_C(1) << 28)

static inline int32_t tw_attention_bounded(int32_t x) {
  x = x < -TW_ATTENTION_MOST ? -TW_ATTENTION_MOST : x;
  return x < TW_ATTENTION_MOST ? x : TW_ATTENTION_MOST;
}

/* Number of keys that a query attends to, see above. `position` points to the query's own. */
static inline uint32_t tw_attended_keys(uint32_t keys, const int32_t *position,
                                        int32_t position_offset, const int32_t *valid,
                                        uint32_t causal, uint32_t query, uint32_t queries) {
  int32_t count = (int32_t)keys;
  if (position) {
    const int32_t bound = tw_attention_bounded(*position) + position_offset;
    count = bound < count ? bound : count;
  }
  if (valid) {
    count = *valid < count ? *valid : count;
  }
  if (causal) {
    const int32_t first = valid ? tw_attention_bounded(*valid) - (int32_t)queries : 0;
    const int32_t bound = (int32_t)query + 1 + first;
    count = bound < count ? bound : count;
  }
  return count < 0 ? 0u : (uint32_t)count;
}

/* A key's weight, 0 to 32767, for the distance of its score from the largest one. With
 * near = min(distance >> drop, limit): the entry that is `near` before entry `limit`; or, if bits
 * are not 0, the product of two entries, chosen by the lower `bits` of `near` (the first 2^bits
 * entries) and by the others. */
static inline uint32_t tw_attention_weight(const uint16_t *weights, uint32_t drop, uint32_t limit,
                                           uint32_t bits, uint32_t distance) {
  uint32_t near = distance >> drop;
  near = near < limit ? near : limit;
  if (bits == 0) {
    return weights[limit - near];
  }
  const uint32_t size = UINT32_C(1) << bits;
  const uint32_t fine = weights[near & (size - 1)];
  return (weights[size + (near >> bits)] * fine + 65536u) >> 17;
}

/* Turns sums of weight * (value - zero point) into outputs. */
typedef struct {
  uint32_t excess; /* bits of the sum of weights beyond 16 */
  int32_t factor;
} tw_attention_division;

/* Division by a sum of weights, which is at least 32767. */
static inline tw_attention_division tw_attention_division_by(uint32_t total, int32_t output_scale) {
  uint32_t excess = 0;
  while (total >> excess >= 65536u) {
    ++excess;
  }
  const uint32_t divisor = (total + (UINT32_C(1) << excess >> 1)) >> excess;
  const uint32_t reciprocal = ((UINT32_C(1) << 31) + divisor / 2) / divisor;
  const tw_attention_division by = {excess, (int32_t)((int64_t)reciprocal * output_scale >> 17)};
  return by;
}

static inline int8_t tw_attention_divide(tw_attention_division by, int64_t sum,
                                         uint32_t output_shift, int32_t output_zero_point) {
  const int64_t product = (sum >> by.excess) * by.factor;
  const int64_t rounding = INT64_C(1) << (output_shift - 1);
  const int64_t steps = ((product + rounding) >> output_shift) + output_zero_point;
  return (int8_t)(steps < -128 ? -128 : (steps > 127 ? 127 : steps));
}

#endif /* TILEWRIGHT_ATTENTION_H_ */
