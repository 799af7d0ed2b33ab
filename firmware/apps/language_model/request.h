/* What the user asks for: read from the run-time arguments.
 *
 * The arguments are lines `key=value`, an empty line, then the prompt as it is, up to the end:
 *
 *     tokens=100
 *     temperature=0.8
 *     top_p=0.9
 *     seed=1
 *     output=text
 *
 *     Once upon a time
 *
 * Every key may be absent. `output` is `text` or `tokens` (one number per line, for tests).
 */
#ifndef TILEWRIGHT_APPS_LANGUAGE_MODEL_REQUEST_H_
#define TILEWRIGHT_APPS_LANGUAGE_MODEL_REQUEST_H_

#include <stdint.h>

typedef struct {
  uint32_t tokens; /* most tokens to generate */
  float temperature;
  float top_p;
  uint32_t seed;
  uint32_t print_tokens; /* 1: token numbers instead of text */
  const uint8_t *prompt;
  uint32_t prompt_bytes;
} tw_request;

/* Parses `size` argument bytes, to which the prompt will point. Returns NULL, or what is wrong. */
const char *tw_request_parse(const uint8_t *bytes, uint32_t size, tw_request *request);

#endif /* TILEWRIGHT_APPS_LANGUAGE_MODEL_REQUEST_H_ */
