/* The vocabulary of a language model: generated from its tokenizer file by vocabulary.py. */
#ifndef TILEWRIGHT_APPS_LANGUAGE_MODEL_VOCABULARY_H_
#define TILEWRIGHT_APPS_LANGUAGE_MODEL_VOCABULARY_H_

#include <stdint.h>

/* Token 0 begins and ends a text, tokens 1 to 256 are single bytes (token = byte + 1), and each
 * later one joins two earlier tokens. */
#define TW_END_OF_TEXT 0
#define TW_FIRST_BYTE 1
#define TW_FIRST_MERGE 257

typedef struct {
  uint16_t left;
  uint16_t right;
  uint16_t token; /* what the pair becomes; pairs with lower tokens are joined first */
} tw_merge;

extern const uint32_t tw_vocabulary_size;

/* All merges, sorted by (left, right). */
extern const uint32_t tw_merge_count;
extern const tw_merge tw_merges[];

/* The bytes of token t are tw_token_bytes[tw_token_offsets[t]] up to tw_token_offsets[t + 1]. */
extern const uint16_t tw_token_offsets[];
extern const uint8_t tw_token_bytes[];

#endif /* TILEWRIGHT_APPS_LANGUAGE_MODEL_VOCABULARY_H_ */
