#include "tilewright/attention.h"
#include "tilewright/elementary.h"
#include "tilewright/parallel.h"

void tw_attention_f32(const tw_attention_f32_parameters *parameters, const float *query,
                      const float *key, const float *value, const int32_t *positions,
                      const int32_t *valid_keys, float *output, float *scratch, uint32_t core,
                      uint32_t cores) {
  const uint32_t query_heads = parameters->query_heads;
  const uint32_t key_heads = parameters->key_heads;
  const uint32_t queries = parameters->queries;
  const uint32_t head_size = parameters->head_size;
  const uint32_t value_size = parameters->value_size;
  const uint32_t capacity = parameters->key_capacity;
  float *row = scratch + core * parameters->keys;
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
    const float *q = query + item.batch * query_heads * queries * head_size +
                     item.query_head * parameters->query_head_stride +
                     item.query * parameters->query_row_stride;
    const float *k = key + item.batch * key_heads * capacity * head_size +
                     item.key_head * parameters->key_head_stride;
    const float *v = value + item.batch * key_heads * capacity * value_size +
                     item.key_head * parameters->value_head_stride;
    float *y = output + item.batch * query_heads * queries * value_size +
               item.query_head * parameters->output_head_stride +
               item.query * parameters->output_row_stride;
    float largest = 0.0f;
    for (uint32_t j = 0; j < keys; ++j) {
      float sum = 0.0f;
      for (uint32_t c = 0; c < head_size; ++c) {
        sum += q[c] * k[j * parameters->key_row_stride + c];
      }
      row[j] = sum * parameters->scale;
      largest = j == 0 || row[j] > largest ? row[j] : largest;
    }
    float total = 0.0f;
    for (uint32_t j = 0; j < keys; ++j) {
      row[j] = tw_exp(row[j] - largest);
      total += row[j];
    }
    const float inverse = keys == 0 ? 0.0f : 1.0f / total;
    for (uint32_t c = 0; c < value_size; ++c) {
      float sum = 0.0f;
      for (uint32_t j = 0; j < keys; ++j) {
        sum += row[j] * v[j * parameters->value_row_stride + c];
      }
      y[c] = sum * inverse;
    }
  }
}
