#include "tilewright/attention.h"

#include "tilewright/parallel.h"

#define SIZE 4u

static int32_t score_of(const int8_t *query, const int8_t *key) {
  int32_t score = 0;
  for (uint32_t c = 0; c < SIZE; ++c) {
    score += query[c] * key[c];
  }
  return score;
}

/* One query of a head, with at least one key. */
static void attend(const tw_attention_word_s8_parameters *parameters, const int8_t *query,
                   const int8_t *key, const int8_t *value, const uint16_t *weights, uint32_t keys,
                   int8_t *output) {
  const uint32_t key_stride = parameters->key_row_stride;
  int32_t largest = INT32_MIN;
  for (uint32_t j = 0; j < keys; ++j) {
    const int32_t score = score_of(query, key + j * key_stride);
    largest = score > largest ? score : largest;
  }
  int32_t sums[SIZE] = {0, 0, 0, 0};
  uint32_t total = 0;
  for (uint32_t j = 0; j < keys; ++j) {
    const int32_t score = score_of(query, key + j * key_stride);
    const uint32_t weight = tw_attention_weight(weights, 0, parameters->weight_limit,
                                                parameters->weight_bits, (uint32_t)(largest - score));
    for (uint32_t c = 0; c < SIZE; ++c) {
      const int32_t v = value[j * parameters->value_row_stride + c];
      sums[c] += (int32_t)weight * (v - parameters->value_zero_point);
    }
    total += weight;
  }
  const tw_attention_division by = tw_attention_division_by(total, parameters->output_scale);
  for (uint32_t c = 0; c < SIZE; ++c) {
    output[c] = tw_attention_divide(by, sums[c], parameters->output_shift,
                                    parameters->output_zero_point);
  }
}

void tw_attention_word_s8(const tw_attention_word_s8_parameters *parameters, const int8_t *query,
                          const int8_t *key, const int8_t *value, const int32_t *positions,
                          const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                          uint32_t core, uint32_t cores) {
  const uint32_t query_heads = parameters->query_heads;
  const uint32_t key_heads = parameters->key_heads;
  const uint32_t queries = parameters->queries;
  const uint32_t cache = key_heads * parameters->key_capacity * SIZE;
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
    const uint32_t first = item.batch * query_heads * queries * SIZE;
    int8_t *y = output + first + item.query_head * parameters->output_head_stride +
                item.query * parameters->output_row_stride;
    if (keys == 0) {
      for (uint32_t c = 0; c < SIZE; ++c) {
        y[c] = (int8_t)parameters->output_zero_point;
      }
      continue;
    }
    attend(parameters,
           query + first + item.query_head * parameters->query_head_stride +
               item.query * parameters->query_row_stride,
           key + item.batch * cache + item.key_head * parameters->key_head_stride,
           value + item.batch * cache + item.key_head * parameters->value_head_stride, weights, keys,
           y);
  }
}
