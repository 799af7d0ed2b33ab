#include "firmware/apps/language_model/language_model.h"

#include <stddef.h>

#include "firmware/apps/language_model/sampler.h"
#include "firmware/apps/language_model/vocabulary.h"
#include "tilewright/counter.h"
#include "tilewright/exit.h"
#include "tilewright/region.h"

enum { TOKENS, POSITION, LAST, INPUTS };

/* One entry point, with the index in its own order of every input. */
typedef struct {
  const tw_entry_point *entry_point;
  uint32_t index[INPUTS];
  uint32_t block; /* tokens of one run */
} entry;

static entry decode;
static entry prefill;
static const tw_tensor *logits;
static tw_language_model_cost cost;
static const char *region;

_Alignas(16) static int32_t block_tokens[TILEWRIGHT_CONTEXT];
_Alignas(16) static int32_t position_input[1];
_Alignas(16) static int32_t last_input[1];
_Alignas(16) static float real_logits[TW_SAMPLER_MAXIMUM_TOKENS];
_Alignas(16) static int8_t stored_logits[TW_SAMPLER_MAXIMUM_TOKENS];

static int equal(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

static entry open_entry(const tw_network *network, const char *name) {
  static const char *const kNames[INPUTS] = {"tokens", "position", "last"};
  entry found = {NULL, {0}, 0};
  for (uint32_t i = 0; i < network->entry_point_count; ++i) {
    if (equal(network->entry_points[i].name, name)) {
      found.entry_point = &network->entry_points[i];
    }
  }
  TW_ASSERT(found.entry_point != NULL);
  TW_ASSERT(found.entry_point->input_count == INPUTS && found.entry_point->output_count == 1);
  for (uint32_t wanted = 0; wanted < INPUTS; ++wanted) {
    uint32_t index = 0;
    while (index < INPUTS && !equal(found.entry_point->inputs[index].name, kNames[wanted])) {
      ++index;
    }
    TW_ASSERT(index < INPUTS);
    TW_ASSERT(found.entry_point->inputs[index].data_type == TW_INT32);
    found.index[wanted] = index;
  }
  found.block = found.entry_point->inputs[found.index[TOKENS]].bytes / sizeof(int32_t);
  TW_ASSERT(found.block >= 1 && found.block <= TILEWRIGHT_CONTEXT);
  return found;
}

void tw_language_model_open(const tw_network *network) {
  decode = open_entry(network, "decode");
  prefill = open_entry(network, "prefill");
  logits = &decode.entry_point->outputs[0];
  TW_ASSERT(decode.block == 1);
  TW_ASSERT(logits->data_type == TW_INT8 || logits->data_type == TW_FLOAT32);
  const uint32_t element_bytes = logits->data_type == TW_INT8 ? 1 : sizeof(float);
  TW_ASSERT(logits->bytes == tw_vocabulary_size * element_bytes);
  TW_ASSERT(tw_vocabulary_size <= TW_SAMPLER_MAXIMUM_TOKENS);
  cost.instructions = 0;
  cost.cycles = 0;
  region = NULL;
  network->reset();
}

static void run_block(const entry *used, const uint16_t *tokens, uint32_t count,
                      uint32_t position) {
  for (uint32_t i = 0; i < used->block; ++i) {
    /* What a short block leaves in the cache after its end is overwritten before it is read. */
    block_tokens[i] = i < count ? tokens[i] : TW_END_OF_TEXT;
  }
  position_input[0] = (int32_t)position;
  last_input[0] = (int32_t)(count - 1);
  const void *inputs[INPUTS];
  inputs[used->index[TOKENS]] = block_tokens;
  inputs[used->index[POSITION]] = position_input;
  inputs[used->index[LAST]] = last_input;
  void *outputs[1] = {logits->data_type == TW_INT8 ? (void *)stored_logits : real_logits};
  tw_region_begin(region != NULL ? region : used->entry_point->name);
  const uint64_t instructions = tw_instructions();
  const uint64_t cycles = tw_cycles();
  used->entry_point->run(inputs, outputs);
  cost.cycles += tw_cycles() - cycles;
  cost.instructions += tw_instructions() - instructions;
  tw_region_end();
}

const float *tw_language_model_run(const uint16_t *tokens, uint32_t count, uint32_t position) {
  TW_ASSERT(count >= 1 && position + count <= TILEWRIGHT_CONTEXT);
  while (count > 0) {
    /* A block costs the same however full it is: it pays when it is nearly full. */
    const int nearly_full = 4 * count >= 3 * prefill.block;
    const int fits = position + prefill.block <= TILEWRIGHT_CONTEXT;
    const entry *used = nearly_full && fits ? &prefill : &decode;
    const uint32_t now = count < used->block ? count : used->block;
    run_block(used, tokens, now, position);
    tokens += now;
    count -= now;
    position += now;
  }
  if (logits->data_type == TW_INT8) {
    for (uint32_t i = 0; i < tw_vocabulary_size; ++i) {
      real_logits[i] = (float)(stored_logits[i] - logits->zero_point) * logits->scale;
    }
  }
  return real_logits;
}

tw_language_model_cost tw_language_model_cost_so_far(void) { return cost; }

void tw_language_model_name_region(const char *name) { region = name; }

const int8_t *tw_language_model_stored_logits(void) {
  return logits->data_type == TW_INT8 ? stored_logits : NULL;
}

float tw_language_model_logit_scale(void) { return logits->scale; }
