/* A decoder-only language model as a compiled network, whatever its size.
 *
 * The network has two entry points that share weights and KV cache: `decode` (one token) and
 * `prefill` (a block of tokens). Both have the inputs `tokens` int32 [1, n], `position` int32 [1]
 * (of the first token) and `last` int32 [1] (index in the block of the token whose logits are
 * wanted), and the output `logits` [1, 1, vocabulary], float32 or int8. */
#ifndef TILEWRIGHT_APPS_LANGUAGE_MODEL_LANGUAGE_MODEL_H_
#define TILEWRIGHT_APPS_LANGUAGE_MODEL_LANGUAGE_MODEL_H_

#include <stdint.h>

#include "tilewright/network.h"

/* Longest text in tokens, its begin included: the length of the KV cache. */
#ifndef TILEWRIGHT_CONTEXT
#define TILEWRIGHT_CONTEXT 256
#endif

/* Looks up the network's entry points and tensors and empties the KV cache; faults with the name
 * of what is missing or has another shape. */
void tw_language_model_open(const tw_network *network);

/* Runs `count` tokens whose first has position `position`; the cache must hold all earlier ones.
 * Uses prefill for blocks that are at least three quarters full and fit the context, decode for the
 * rest. Returns the logits after the last token, float32 [tw_vocabulary_size], valid until the next
 * call.
 *
 * count >= 1 and position + count <= TILEWRIGHT_CONTEXT. */
const float *tw_language_model_run(const uint16_t *tokens, uint32_t count, uint32_t position);

/* What the network's runs have cost since it was opened, on the core that calls: from the call of
 * an entry point to its return. Instructions are 0 where they are not counted, cycles where time is
 * not modelled (tilewright/counter.h). */
typedef struct {
  uint64_t instructions;
  uint64_t cycles;
} tw_language_model_cost;

tw_language_model_cost tw_language_model_cost_so_far(void);

/* Names the region (tilewright/region.h) that every following run of an entry point marks; null, as
 * after opening: the entry point's name. */
void tw_language_model_name_region(const char *name);

/* The logits of the last run as the network wrote them: int8, or NULL if they are float32. */
const int8_t *tw_language_model_stored_logits(void);

/* Real step between two int8 logits. */
float tw_language_model_logit_scale(void);

#endif /* TILEWRIGHT_APPS_LANGUAGE_MODEL_LANGUAGE_MODEL_H_ */
