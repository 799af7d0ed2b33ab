/* Measures a language model: the decode step at positions 64 and 250, and the prefill of a block at
 * position 0. Each runs twice, and the second run counts: caches are warm then. For each one line
 *
 *     <cycles> cycles in decode at 64
 *
 * from the call of the entry point to the logits in memory. The region (tilewright/region.h) of the
 * run that counts has the name after "cycles in", that of the others is `warm-up`. */
#include <stddef.h>

#include "firmware/apps/language_model/language_model.h"
#include "firmware/apps/language_model/vocabulary.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"

#define BLOCK 64

extern const tw_network TILEWRIGHT_NETWORK;

/* `count` tokens from `position` on, under the name of a region. */
static uint64_t run(const char *region, uint32_t count, uint32_t position) {
  /* Which tokens does not matter to the time; a text has many different ones. */
  static uint16_t tokens[BLOCK];
  TW_ASSERT(count <= BLOCK);
  for (uint32_t i = 0; i < count; ++i) {
    tokens[i] = (uint16_t)((position + i) * 37 % tw_vocabulary_size);
  }
  tw_language_model_name_region(region);
  const uint64_t before = tw_language_model_cost_so_far().cycles;
  tw_language_model_run(tokens, count, position);
  return tw_language_model_cost_so_far().cycles - before;
}

static void measure(const char *name, uint32_t count, uint32_t position) {
  run("warm-up", count, position);
  const uint64_t cycles = run(name, count, position);
  tw_console_unsigned(cycles);
  tw_console_text(" cycles in ");
  tw_console_text(name);
  tw_console_text("\n");
}

int main(void) {
  tw_language_model_open(&TILEWRIGHT_NETWORK);
  measure("prefill at 0", BLOCK, 0);
  measure("decode at 64", 1, 64);
  /* What lies before a position is in the cache when it is decoded. */
  run("warm-up", BLOCK, 64);
  run("warm-up", BLOCK, 128);
  run("warm-up", BLOCK, 186);
  measure("decode at 250", 1, 250);
  return 0;
}
