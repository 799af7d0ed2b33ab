#include "firmware/apps/language_model/request.h"

#include <stddef.h>

typedef struct {
  const uint8_t *bytes;
  uint32_t size;
} slice;

static int equals(slice text, const char *expected) {
  uint32_t i = 0;
  for (; i < text.size && expected[i] != '\0'; ++i) {
    if (text.bytes[i] != (uint8_t)expected[i]) {
      return 0;
    }
  }
  return i == text.size && expected[i] == '\0';
}

static int parse_unsigned(slice text, uint32_t *value) {
  uint64_t result = 0;
  for (uint32_t i = 0; i < text.size; ++i) {
    if (text.bytes[i] < '0' || text.bytes[i] > '9') {
      return 0;
    }
    result = result * 10 + (uint64_t)(text.bytes[i] - '0');
    if (result > UINT32_MAX) {
      return 0;
    }
  }
  *value = (uint32_t)result;
  return text.size > 0;
}

/* Digits with at most one point and at most 6 decimals. */
static int parse_decimal(slice text, float *value) {
  slice whole = {text.bytes, 0};
  while (whole.size < text.size && text.bytes[whole.size] != '.') {
    ++whole.size;
  }
  uint32_t integer = 0;
  if (!parse_unsigned(whole, &integer)) {
    return 0;
  }
  uint32_t fraction = 0;
  float unit = 1.0f;
  if (whole.size < text.size) {
    const slice decimals = {text.bytes + whole.size + 1, text.size - whole.size - 1};
    if (decimals.size > 6 || !parse_unsigned(decimals, &fraction)) {
      return 0;
    }
    for (uint32_t i = 0; i < decimals.size; ++i) {
      unit *= 10.0f;
    }
  }
  *value = (float)integer + (float)fraction / unit;
  return 1;
}

static const char *parse_line(slice key, slice value, tw_request *request) {
  if (equals(key, "tokens")) {
    return parse_unsigned(value, &request->tokens) ? NULL : "tokens is not a whole number";
  }
  if (equals(key, "temperature")) {
    const int valid = parse_decimal(value, &request->temperature) && request->temperature <= 100.0f;
    return valid ? NULL : "temperature is not a number from 0 to 100";
  }
  if (equals(key, "top_p")) {
    const int valid =
        parse_decimal(value, &request->top_p) && request->top_p > 0.0f && request->top_p <= 1.0f;
    return valid ? NULL : "top_p is not a number above 0 and up to 1";
  }
  if (equals(key, "seed")) {
    return parse_unsigned(value, &request->seed) ? NULL : "seed is not a whole number";
  }
  if (equals(key, "output")) {
    request->print_tokens = equals(value, "tokens") ? 1 : 0;
    return request->print_tokens || equals(value, "text") ? NULL : "output is not text or tokens";
  }
  return "unknown key (known: tokens, temperature, top_p, seed, output)";
}

const char *tw_request_parse(const uint8_t *bytes, uint32_t size, tw_request *request) {
  const tw_request defaults = {100, 0.0f, 1.0f, 0, 0, NULL, 0};
  *request = defaults;
  uint32_t begin = 0;
  while (begin < size && bytes[begin] != '\n') {
    slice key = {bytes + begin, 0};
    while (begin + key.size < size && key.bytes[key.size] != '=' && key.bytes[key.size] != '\n') {
      ++key.size;
    }
    if (begin + key.size == size || key.bytes[key.size] != '=') {
      return "a line is not key=value (options, an empty line, then the prompt)";
    }
    slice value = {key.bytes + key.size + 1, 0};
    const uint32_t value_begin = begin + key.size + 1;
    while (value_begin + value.size < size && value.bytes[value.size] != '\n') {
      ++value.size;
    }
    const char *problem = parse_line(key, value, request);
    if (problem != NULL) {
      return problem;
    }
    begin = value_begin + value.size + 1;
  }
  /* begin is at the empty line, or past the end when no prompt follows the options. */
  if (begin < size) {
    request->prompt = bytes + begin + 1;
    request->prompt_bytes = size - begin - 1;
  }
  return NULL;
}
