/* Continues a prompt with a language model and streams the text to the console.
 *
 * Exit codes: 0 done, 2 bad request. After text, a last line tells counts and what the network's
 * runs took: cycles where time is modelled, else instructions. */
#include <stddef.h>

#include "firmware/apps/language_model/language_model.h"
#include "firmware/apps/language_model/request.h"
#include "firmware/apps/language_model/sampler.h"
#include "firmware/apps/language_model/tokenizer.h"
#include "firmware/apps/language_model/vocabulary.h"
#include "tilewright/arguments.h"
#include "tilewright/console.h"

#define BAD_REQUEST 2

extern const tw_network TILEWRIGHT_NETWORK;

static uint8_t arguments[TW_ARGUMENT_BYTES];
static uint16_t tokens[TW_ARGUMENT_BYTES + 1];

static int refuse(const char *problem) {
  tw_console_text("error: ");
  tw_console_text(problem);
  tw_console_text("\n");
  return BAD_REQUEST;
}

static int refuse_length(uint32_t prompt_tokens) {
  tw_console_text("error: the prompt has ");
  tw_console_unsigned(prompt_tokens);
  tw_console_text(" tokens; the model's context holds ");
  tw_console_unsigned(TILEWRIGHT_CONTEXT - 2);
  tw_console_text(" and one more to generate\n");
  return BAD_REQUEST;
}

static void print_token(uint32_t token, const tw_request *request) {
  if (request->print_tokens) {
    tw_console_unsigned(token);
    tw_console_text("\n");
  } else {
    uint32_t size = 0;
    const uint8_t *bytes = tw_tokenizer_decode(token, &size);
    tw_console_write((const char *)bytes, size);
  }
}

static uint64_t network_cost(const char **unit) {
  const tw_language_model_cost cost = tw_language_model_cost_so_far();
  *unit = cost.cycles > 0 ? " cycles" : " instructions";
  return cost.cycles > 0 ? cost.cycles : cost.instructions;
}

static void print_statistics(uint32_t prompt_tokens, uint64_t prefill, uint32_t generated,
                             uint32_t decoded, const char *reason) {
  const char *unit;
  const uint64_t decode = network_cost(&unit) - prefill;
  tw_console_text("\n[prompt: ");
  tw_console_unsigned(prompt_tokens);
  tw_console_text(" tokens, ");
  tw_console_unsigned(prefill);
  tw_console_text(unit);
  tw_console_text("; generated: ");
  tw_console_unsigned(generated);
  tw_console_text(" tokens, ");
  tw_console_unsigned(decoded > 0 ? decode / decoded : 0);
  tw_console_text(unit);
  tw_console_text("/token; ended: ");
  tw_console_text(reason);
  tw_console_text("]\n");
}

int main(void) {
  const uint32_t argument_bytes = tw_argument_length();
  for (uint32_t i = 0; i < argument_bytes; ++i) {
    arguments[i] = tw_argument_byte(i);
  }
  tw_request request;
  const char *problem = tw_request_parse(arguments, argument_bytes, &request);
  if (problem != NULL) {
    return refuse(problem);
  }
  /* Token 0 begins every text, so an empty prompt has something to continue. */
  tokens[0] = TW_END_OF_TEXT;
  const uint32_t prompt_tokens =
      tw_tokenizer_encode(request.prompt, request.prompt_bytes, &tokens[1]);
  if (prompt_tokens + 2 > TILEWRIGHT_CONTEXT) {
    return refuse_length(prompt_tokens);
  }
  tw_language_model_open(&TILEWRIGHT_NETWORK);
  if (!request.print_tokens) {
    tw_console_write((const char *)request.prompt, request.prompt_bytes);
  }

  tw_sampler sampler = {request.temperature, request.top_p, request.seed};
  const float *logits = tw_language_model_run(tokens, prompt_tokens + 1, 0);
  const char *unit;
  const uint64_t prefill = network_cost(&unit);
  const char *reason = "token limit";
  uint32_t generated = 0;
  uint32_t decoded = 0;
  for (uint32_t position = prompt_tokens + 1; generated < request.tokens; ++position) {
    const uint32_t token = tw_sampler_next(&sampler, logits, tw_vocabulary_size);
    if (token == TW_END_OF_TEXT) {
      reason = "end of text";
      break;
    }
    ++generated;
    print_token(token, &request);
    if (generated == request.tokens) {
      break;
    }
    if (position == TILEWRIGHT_CONTEXT) {
      reason = "context full";
      break;
    }
    const uint16_t next = (uint16_t)token;
    logits = tw_language_model_run(&next, 1, position);
    ++decoded;
  }
  if (request.print_tokens) {
    return 0;
  }
  print_statistics(prompt_tokens, prefill, generated, decoded, reason);
  return 0;
}
