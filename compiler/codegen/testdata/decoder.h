/* decoder: a neural network compiled by Tilewright.
 *
 * Every pointer that a function takes must be a multiple of DECODER_ALIGNMENT. Inputs are only
 * read; outputs are valid when the function returns. Tensors are in row-major order. A quantised
 * tensor stands for the real numbers scale * (stored - zero point).
 */
#ifndef TILEWRIGHT_GENERATED_DECODER_H_
#define TILEWRIGHT_GENERATED_DECODER_H_

#include <stdint.h>

#include "tilewright/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SHA-256 of the model's file in hexadecimal: in every program that the network is linked into,
 * whether or not anything there names it. */
extern const char decoder_model_digest[];

/* Memory in bytes. Arena and state are static; the weights are read-only. */
#define DECODER_WEIGHTS_BYTES 16640
#define DECODER_STATE_BYTES 256
#define DECODER_ARENA_BYTES 400

#define DECODER_ALIGNMENT 8

/* Largest sum over one entry point's inputs, and outputs, each rounded up to the alignment. */
#define DECODER_INPUT_BYTES_MAXIMUM 48
#define DECODER_OUTPUT_BYTES_MAXIMUM 192

/* Entry point step. Returns 0.
 *
 * tokens_embedded: input tokens.embedded, uint8[1, 16]
 * logits: output logits, float32[1, 16]
 */
int32_t decoder_step(const uint8_t *tokens_embedded, float *logits);

#define DECODER_STEP_TOKENS_EMBEDDED_ELEMENTS 16
#define DECODER_STEP_TOKENS_EMBEDDED_BYTES 16
#define DECODER_STEP_TOKENS_EMBEDDED_SHAPE {1, 16}

#define DECODER_STEP_LOGITS_ELEMENTS 16
#define DECODER_STEP_LOGITS_BYTES 64
#define DECODER_STEP_LOGITS_SHAPE {1, 16}

/* Entry point batch. Returns 0.
 *
 * tokens_embedded: input tokens.embedded, uint8[3, 16]
 * logits: output logits, float32[3, 16]
 */
int32_t decoder_batch(const uint8_t *tokens_embedded, float *logits);

#define DECODER_BATCH_TOKENS_EMBEDDED_ELEMENTS 48
#define DECODER_BATCH_TOKENS_EMBEDDED_BYTES 48
#define DECODER_BATCH_TOKENS_EMBEDDED_SHAPE {3, 16}

#define DECODER_BATCH_LOGITS_ELEMENTS 48
#define DECODER_BATCH_LOGITS_BYTES 192
#define DECODER_BATCH_LOGITS_SHAPE {3, 16}

/* Forgets everything: sets all states to zero. Call it before the first run.
 *
 * history_0: int8[4, 16]
 * history_1: int8[4, 16]
 * history_2: int8[4, 16]
 * history_3: int8[4, 16]
 */
void decoder_reset(void);

/* The same for code that does not know the network by name. */
extern const tw_network decoder_network;

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_GENERATED_DECODER_H_ */
