/* Byte-pair encoding with byte fallback: every byte string has an encoding. */
#ifndef TILEWRIGHT_APPS_LANGUAGE_MODEL_TOKENIZER_H_
#define TILEWRIGHT_APPS_LANGUAGE_MODEL_TOKENIZER_H_

#include <stdint.h>

/* Encodes `size` bytes; `tokens` holds at least `size` entries. Returns the number of tokens.
 *
 * As long as any merge applies, the pair whose merge is lowest is joined everywhere, leftmost
 * first. Quadratic in `size`, which is bounded by the 4 KiB of run-time arguments. */
uint32_t tw_tokenizer_encode(const uint8_t *bytes, uint32_t size, uint16_t *tokens);

/* The bytes of one token; none for the end of text. `*size` receives their number. */
const uint8_t *tw_tokenizer_decode(uint32_t token, uint32_t *size);

#endif /* TILEWRIGHT_APPS_LANGUAGE_MODEL_TOKENIZER_H_ */
