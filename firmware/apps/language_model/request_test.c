/* Requests: every key, every way to be malformed, and prompts of any bytes. */
#include "firmware/apps/language_model/request.h"

#include <stddef.h>
#include <string.h>

#include "firmware/apps/language_model/check.h"

static const char *parse(const char *text, tw_request *request) {
  return tw_request_parse((const uint8_t *)text, (uint32_t)strlen(text), request);
}

static void test_defaults(void) {
  tw_request request;
  CHECK(parse("", &request) == NULL);
  CHECK(request.tokens == 100 && request.temperature == 0.0f && request.top_p == 1.0f);
  CHECK(request.prompt_bytes == 0 && !request.print_tokens);
}

static void test_every_key(void) {
  tw_request request;
  CHECK(parse("tokens=7\ntemperature=0.75\ntop_p=.5\n\n", &request) != NULL);
  CHECK(parse("tokens=7\ntemperature=0.75\ntop_p=0.5\nseed=4294967295\noutput=tokens\n\nA\n\nB",
              &request) == NULL);
  CHECK(request.tokens == 7 && request.temperature == 0.75f && request.top_p == 0.5f);
  CHECK(request.seed == UINT32_MAX && request.print_tokens);
  CHECK(request.prompt_bytes == 4 && memcmp(request.prompt, "A\n\nB", 4) == 0);
}

static void test_prompt_may_hold_any_bytes(void) {
  const uint8_t bytes[] = {'\n', 0x00, 0xFF, '=', '\n', 0x80};
  tw_request request;
  CHECK(tw_request_parse(bytes, sizeof bytes, &request) == NULL);
  CHECK(request.prompt_bytes == 5 && request.prompt == bytes + 1);
}

static void test_malformed_requests_are_refused(void) {
  static const char *const kMalformed[] = {
      "tokens",          "tokens\n",          "tokens=",       "tokens=-1\n",
      "tokens=1x\n",     "tokens=4294967296", "temperature=",  "temperature=1.2.3\n",
      "temperature=101", "top_p=0\n",         "top_p=1.01\n",  "top_p=0.1234567\n",
      "colour=red\n",    "output=html\n",     "token=1\n\nhi", "=5\n",
  };
  for (size_t i = 0; i < sizeof kMalformed / sizeof *kMalformed; ++i) {
    tw_request request;
    CHECK(parse(kMalformed[i], &request) != NULL);
  }
}

int main(void) {
  test_defaults();
  test_every_key();
  test_prompt_may_hold_any_bytes();
  test_malformed_requests_are_refused();
  return failures;
}
