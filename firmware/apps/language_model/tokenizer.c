#include "firmware/apps/language_model/tokenizer.h"

#include "firmware/apps/language_model/vocabulary.h"

#define NO_MERGE UINT32_MAX

/* The token that a pair becomes, by binary search. */
static uint32_t find_merge(uint32_t left, uint32_t right) {
  uint32_t low = 0;
  uint32_t high = tw_merge_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    const tw_merge *merge = &tw_merges[middle];
    if (merge->left < left || (merge->left == left && merge->right < right)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const int found =
      low < tw_merge_count && tw_merges[low].left == left && tw_merges[low].right == right;
  return found ? tw_merges[low].token : NO_MERGE;
}

static uint32_t lowest_merge(const uint16_t *tokens, uint32_t count) {
  uint32_t lowest = NO_MERGE;
  for (uint32_t i = 0; i + 1 < count; ++i) {
    const uint32_t merge = find_merge(tokens[i], tokens[i + 1]);
    lowest = merge < lowest ? merge : lowest;
  }
  return lowest;
}

/* Joins every pair that becomes `token`, in place; returns the new number of tokens. */
static uint32_t join(uint16_t *tokens, uint32_t count, uint32_t token) {
  uint32_t written = 0;
  for (uint32_t i = 0; i < count; ++written) {
    const int joined = i + 1 < count && find_merge(tokens[i], tokens[i + 1]) == token;
    tokens[written] = joined ? (uint16_t)token : tokens[i];
    i += joined ? 2 : 1;
  }
  return written;
}

uint32_t tw_tokenizer_encode(const uint8_t *bytes, uint32_t size, uint16_t *tokens) {
  for (uint32_t i = 0; i < size; ++i) {
    tokens[i] = (uint16_t)(bytes[i] + TW_FIRST_BYTE);
  }
  uint32_t count = size;
  for (;;) {
    const uint32_t token = lowest_merge(tokens, count);
    if (token == NO_MERGE) {
      return count;
    }
    count = join(tokens, count, token);
  }
}

const uint8_t *tw_tokenizer_decode(uint32_t token, uint32_t *size) {
  *size = (uint32_t)tw_token_offsets[token + 1] - tw_token_offsets[token];
  return &tw_token_bytes[tw_token_offsets[token]];
}
