/* Scores texts with a language model: what each token's probability was.
 *
 * The arguments are tokens as 16-bit little-endian numbers. Token 0 begins a new text at position
 * 0; every other token is scored given the text before it. For each, one line
 *
 *     <logit of the token> <largest logit> <bits of the float32 sum of exp(logit - largest)>
 *
 * with the logits as stored (int8), the last in hexadecimal. The reader computes
 * log(sum) + (largest - logit) * scale, which keeps logarithms out of the firmware. The first line
 * is `scale <bits of the float32 scale>`. */
#include <stddef.h>

#include "firmware/apps/language_model/language_model.h"
#include "firmware/apps/language_model/sampler.h"
#include "firmware/apps/language_model/vocabulary.h"
#include "tilewright/arguments.h"
#include "tilewright/console.h"
#include "tilewright/elementary.h"
#include "tilewright/exit.h"

extern const tw_network TILEWRIGHT_NETWORK;

static void print_bits(float value) {
  union {
    float real;
    uint32_t bits;
  } word = {value};
  tw_console_hexadecimal(word.bits);
}

static void print_score(uint32_t token, const float *logits) {
  const int8_t *stored = tw_language_model_stored_logits();
  const uint32_t best = tw_sampler_greedy(logits, tw_vocabulary_size);
  float sum = 0.0f;
  for (uint32_t i = 0; i < tw_vocabulary_size; ++i) {
    sum += tw_exp(logits[i] - logits[best]);
  }
  tw_console_signed(stored[token]);
  tw_console_text(" ");
  tw_console_signed(stored[best]);
  tw_console_text(" ");
  print_bits(sum);
  tw_console_text("\n");
}

int main(void) {
  tw_language_model_open(&TILEWRIGHT_NETWORK);
  TW_ASSERT(tw_language_model_stored_logits() != NULL);
  tw_console_text("scale ");
  print_bits(tw_language_model_logit_scale());
  tw_console_text("\n");
  const float *logits = NULL;
  uint32_t position = 0;
  for (uint32_t i = 0; i + 1 < tw_argument_length(); i += 2) {
    const uint16_t token = (uint16_t)(tw_argument_byte(i) | tw_argument_byte(i + 1) << 8);
    TW_ASSERT(token < tw_vocabulary_size);
    if (token == TW_END_OF_TEXT) {
      position = 0;
    } else {
      TW_ASSERT(logits != NULL);
      print_score(token, logits);
    }
    TW_ASSERT(position < TILEWRIGHT_CONTEXT);
    logits = tw_language_model_run(&token, 1, position);
    ++position;
  }
  return 0;
}
