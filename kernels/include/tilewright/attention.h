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
 * No other key or value is read. A query that attends to no key gives zeros.
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
  uint32_t score_limit; /* from this distance to the largest score on, a weight is zero */
  uint32_t score_shift;
  uint32_t score_scale;
  int32_t output_scale;
  uint32_t output_shift;
} tw_attention_s8_parameters;

/* int8 attention; docs/numerics.md defines the arithmetic. positions and valid_keys may be NULL.
 * scratch: int32 [TW_MAXIMUM_CORES][queries > 1 ? 2 : 1][keys]. */
void tw_attention_s8(const tw_attention_s8_parameters *parameters, const int8_t *query,
                     const int8_t *key, const int8_t *value, const int32_t *positions,
                     const int32_t *valid_keys, int8_t *output, int32_t *scratch, uint32_t core,
                     uint32_t cores);

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

/* Number of keys that a query attends to, see above. `position` points to the query's own. */
static inline uint32_t tw_attended_keys(uint32_t keys, const int32_t *position,
                                        int32_t position_offset, const int32_t *valid,
                                        uint32_t causal, uint32_t query, uint32_t queries) {
  int64_t count = keys;
  if (position) {
    const int64_t bound = (int64_t)*position + position_offset;
    count = bound < count ? bound : count;
  }
  if (valid) {
    count = *valid < count ? *valid : count;
  }
  if (causal) {
    const int64_t bound = (int64_t)query + 1 + (valid ? (int64_t)*valid - queries : 0);
    count = bound < count ? bound : count;
  }
  return count < 0 ? 0u : (uint32_t)count;
}

/* round(32767 * 2^(-d / 2^16)) for d < 2^20, at most 1 too large or small. A polynomial of degree
 * 4 in the fraction with 16 bits, then a rounded shift by the integer part. */
static inline uint32_t tw_attention_weight(uint32_t d) {
  const uint32_t fraction = d & 0xFFFFu;
  uint32_t power = 449u;
  power = 3489u - (power * fraction >> 16);
  power = 15691u - (power * fraction >> 16);
  power = 45418u - (power * fraction >> 16);
  power = 65534u - (power * fraction >> 16);
  const uint32_t whole = d >> 16;
  return (power + (UINT32_C(1) << whole)) >> (whole + 1);
}

#endif /* TILEWRIGHT_ATTENTION_H_ */
