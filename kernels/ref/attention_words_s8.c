#include "tilewright/attention.h"

void tw_attention_words_s8(const tw_attention_words_s8_parameters *parameters, const int8_t *query,
                           const int8_t *key, const int8_t *value, const int32_t *positions,
                           const int32_t *valid_keys, const uint16_t *weights, int8_t *output,
                           uint32_t core, uint32_t cores) {
  const tw_attention_word_s8_parameters each = {
      .heads = parameters->heads,
      .queries = parameters->queries,
      .keys = parameters->keys,
      .query_head_stride = parameters->query_head_stride,
      .query_row_stride = parameters->query_row_stride,
      .key_head_stride = parameters->key_head_stride,
      .value_head_stride = parameters->value_head_stride,
      .output_head_stride = parameters->output_head_stride,
      .output_row_stride = parameters->output_row_stride,
      .position_row_stride = parameters->position_row_stride,
      .position_offset = parameters->position_offset,
      .causal = parameters->causal,
      .value_zero_point = parameters->value_zero_point,
      .output_zero_point = parameters->output_zero_point,
      .weight_limit = parameters->weight_limit,
      .weight_bits = 0,
      .output_scale = parameters->output_scale,
      .output_shift = parameters->output_shift,
  };
  tw_attention_word_s8(&each, query, key, value, positions, valid_keys, weights, output, core,
                       cores);
}
