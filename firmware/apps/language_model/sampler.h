/* Choice of the next token from the model's logits. Deterministic on every platform. */
#ifndef TILEWRIGHT_APPS_LANGUAGE_MODEL_SAMPLER_H_
#define TILEWRIGHT_APPS_LANGUAGE_MODEL_SAMPLER_H_

#include <stdint.h>

#define TW_SAMPLER_MAXIMUM_TOKENS 4096

typedef struct {
  float temperature; /* 0: greedy */
  float top_p;       /* sample among the likeliest tokens that together have this probability */
  uint64_t random;   /* state of the random generator; the seed at first */
} tw_sampler;

/* Index of the largest of `count` logits; the lowest index among equals. */
uint32_t tw_sampler_greedy(const float *logits, uint32_t count);

/* The next token. `count` is at most TW_SAMPLER_MAXIMUM_TOKENS. */
uint32_t tw_sampler_next(tw_sampler *sampler, const float *logits, uint32_t count);

#endif /* TILEWRIGHT_APPS_LANGUAGE_MODEL_SAMPLER_H_ */
