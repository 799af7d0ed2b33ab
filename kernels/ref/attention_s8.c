#include "tilewright/attention.h"

#include "tilewright/parallel.h"

/* |weight * value| <= 32767 * 128, so that 512 of them fit int32. */
#define BLOCK_KEYS 512u

/* Writes score[j] = sum of (query[c] - query_zero_point) * key[j][c]; returns the largest. The
 * key's zero point would change all scores of a row alike, which cancels. */
static int32_t compute_scores(const tw_attention_s8_parameters *parameters, const int8_t *query,
                              const int8_t *key, uint32_t keys, int32_t *score) {
  int32_t largest = INT32_MIN;
  for (uint32_t j = 0; j < keys; ++j) {
    int32_t sum = 0;
    for (uint32_t c = 0; c < parameters->head_size; ++c) {
      sum += (query[c] - parameters->query_zero_point) * key[j * parameters->key_row_stride + c];
    }
    score[j] = sum;
    largest = sum > largest ? sum : largest;
  }
  return largest;
}

/* Replaces scores by weights, 0 to 32767; returns their sum. */
static uint32_t compute_weights(const tw_attention_s8_parameters *parameters, int32_t largest,
                                const uint16_t *weights, uint32_t keys, int32_t *score) {
  uint32_t total = 0;
  for (uint32_t j = 0; j < keys; ++j) {
    const uint32_t weight =
        tw_attention_weight(weights, parameters->weight_drop, parameters->weight_limit,
                            parameters->weight_bits, (uint32_t)(largest - score[j]));
    score[j] = (int32_t)weight;
    total += weight;
  }
  return total;
}

/* Sum of weight[j] * value[j] for one column. */
static int64_t weighted_sum(const int32_t *weight, const int8_t *value, uint32_t stride,
                            uint32_t keys) {
  int64_t total = 0;
  for (uint32_t begin = 0; begin < keys; begin += BLOCK_KEYS) {
    const uint32_t end = keys - begin < BLOCK_KEYS ? keys : begin + BLOCK_KEYS;
    int32_t sum = 0;
    for (uint32_t j = begin; j < end; ++j) {
      sum += weight[j] * value[j * stride];
    }
    total += sum;
  }
  return total;
}

void tw_attention_s8(const tw_attention_s8_parameters *parameters, const int8_t *query,
                     const int8_t *key, const int8_t *value, const int32_t *positions,
                     const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                     int32_t *scratch, uint32_t core, uint32_t cores) {
  const uint32_t query_heads = parameters->query_heads;
  const uint32_t key_heads = parameters->key_heads;
  const uint32_t queries = parameters->queries;
  const uint32_t head_size = parameters->head_size;
  const uint32_t value_size = parameters->value_size;
  const uint32_t capacity = parameters->key_capacity;
  int32_t *row = scratch + core * parameters->keys;
  const tw_range share = tw_share(parameters->batch * query_heads * queries, core, cores);
  for (uint32_t index = share.begin; index < share.end; ++index) {
    const tw_attention_item item = tw_attention_item_at(index, query_heads, key_heads, queries);
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
    const int32_t largest = compute_scores(parameters, q, k, keys, row);
    const uint32_t total = compute_weights(parameters, largest, weights, keys, row);
    const tw_attention_division by = tw_attention_division_by(total, parameters->output_scale);
    const int64_t centre = (int64_t)parameters->value_zero_point * total;
    for (uint32_t c = 0; c < value_size; ++c) {
      const int64_t sum = weighted_sum(row, v + c, parameters->value_row_stride, keys) - centre;
      y[c] = tw_attention_divide(by, sum, parameters->output_shift, parameters->output_zero_point);
    }
  }
}
