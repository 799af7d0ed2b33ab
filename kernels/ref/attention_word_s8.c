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
  int32_t largest = INT32_MIN;
  for (uint32_t j = 0; j < keys; ++j) {
    const int32_t score = score_of(query, key + j * SIZE);
    largest = score > largest ? score : largest;
  }
  int32_t sums[SIZE] = {0, 0, 0, 0};
  uint32_t total = 0;
  for (uint32_t j = 0; j < keys; ++j) {
    const int32_t score = score_of(query, key + j * SIZE);
    const uint32_t weight = tw_attention_weight(
        weights, 0, parameters->weight_limit, parameters->weight_bits, (uint32_t)(largest - score));
    for (uint32_t c = 0; c < SIZE; ++c) {
      const int32_t v = value[j * SIZE + c];
      sums[c] += (int32_t)weight * (v - parameters->value_zero_point);
    }
    total += weight;
  }
  const tw_attention_division by = tw_attention_division_by(total, parameters->output_scale);
  for (uint32_t c = 0; c < SIZE; ++c) {
    output[c] =
        tw_attention_divide(by, sums[c], parameters->output_shift, parameters->output_zero_point);
  }
}

void tw_attention_word_s8(const tw_attention_word_s8_parameters *parameters, const int8_t *query,
                          const int8_t *key, const int8_t *value, const int32_t *positions,
                          const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                          uint32_t core, uint32_t cores) {
  const uint32_t queries = parameters->queries;
  const tw_range share = tw_share(parameters->heads * queries, core, cores);
  for (uint32_t index = share.begin; index < share.end; ++index) {
    const uint32_t head = index / queries;
    const uint32_t row = index % queries;
    const uint32_t keys = tw_attended_keys(
        parameters->keys, positions ? positions + row * parameters->position_row_stride : 0,
        parameters->position_offset, valid_keys, parameters->causal, row, queries);
    int8_t *y =
        output + head * parameters->output_head_stride + row * parameters->output_row_stride;
    if (keys == 0) {
      for (uint32_t c = 0; c < SIZE; ++c) {
        y[c] = (int8_t)parameters->output_zero_point;
      }
      continue;
    }
    attend(parameters,
           query + head * parameters->query_head_stride + row * parameters->query_row_stride,
           key + head * parameters->key_head_stride, value + head * parameters->value_head_stride,
           weights, keys, y);
  }
}
