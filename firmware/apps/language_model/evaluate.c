/* Scores texts with a language model: what each token's probability was.
 *
 * The arguments are windows of 16-bit little-endian numbers: the number of tokens that follow, the
 * index of the first that is scored, and the tokens. Every window is a text of its own, from
 * position 0; token 0 of a window is never scored. For each scored token one line
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

static uint32_t read_number(uint32_t index) {
  const uint32_t low = tw_argument_byte(2 * index);
  return low | (uint32_t)tw_argument_byte(2 * index + 1) << 8;
}

/* Scores the window whose first token is number `first` of the arguments. */
static void score_window(uint32_t first, uint32_t count, uint32_t scored_from) {
  TW_ASSERT(count <= TILEWRIGHT_CONTEXT + 1);
  for (uint32_t i = 0; i + 1 < count; ++i) {
    const uint16_t token = (uint16_t)read_number(first + i);
    const uint32_t target = read_number(first + i + 1);
    TW_ASSERT(token < tw_vocabulary_size && target < tw_vocabulary_size);
    const float *logits = tw_language_model_run(&token, 1, i);
    if (i + 1 >= scored_from) {
      print_score(target, logits);
    }
  }
}

int main(void) {
  tw_language_model_open(&TILEWRIGHT_NETWORK);
  TW_ASSERT(tw_language_model_stored_logits() != NULL);
  tw_console_text("scale ");
  print_bits(tw_language_model_logit_scale());
  tw_console_text("\n");
  const uint32_t numbers = tw_argument_length() / 2;
  for (uint32_t next = 0; next < numbers;) {
    TW_ASSERT(next + 2 <= numbers);
    const uint32_t count = read_number(next);
    TW_ASSERT(count <= numbers - next - 2);
    score_window(next + 2, count, read_number(next + 1));
    next += 2 + count;
  }
  return 0;
}
