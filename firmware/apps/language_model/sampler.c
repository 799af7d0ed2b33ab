#include "firmware/apps/language_model/sampler.h"

#include "tilewright/elementary.h"

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static uint64_t next_random(uint64_t *state) {
  *state += UINT64_C(0x9E3779B97F4A7C15);
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

uint32_t tw_sampler_greedy(const float *logits, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < count; ++i) {
    best = logits[i] > logits[best] ? i : best;
  }
  return best;
}

/* Order of the heap: the likelier token first, the lower index among equals. */
static int precedes(const float *weights, uint16_t a, uint16_t b) {
  return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
}

static void sift_down(uint16_t *heap, uint32_t size, uint32_t parent, const float *weights) {
  for (;;) {
    uint32_t first = parent;
    for (uint32_t child = 2 * parent + 1; child <= 2 * parent + 2 && child < size; ++child) {
      first = precedes(weights, heap[child], heap[first]) ? child : first;
    }
    if (first == parent) {
      return;
    }
    const uint16_t swapped = heap[parent];
    heap[parent] = heap[first];
    heap[first] = swapped;
    parent = first;
  }
}

/* Nucleus sampling (Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020): takes
 * tokens from a heap, likeliest first, until their probability reaches top_p, then draws one. */
uint32_t tw_sampler_next(tw_sampler *sampler, const float *logits, uint32_t count) {
  static float weights[TW_SAMPLER_MAXIMUM_TOKENS];
  static uint16_t heap[TW_SAMPLER_MAXIMUM_TOKENS];
  static uint16_t nucleus[TW_SAMPLER_MAXIMUM_TOKENS];
  const uint32_t best = tw_sampler_greedy(logits, count);
  if (sampler->temperature <= 0.0f) {
    return best;
  }
  float total = 0.0f;
  for (uint32_t i = 0; i < count; ++i) {
    weights[i] = tw_exp((logits[i] - logits[best]) / sampler->temperature);
    total += weights[i];
    heap[i] = (uint16_t)i;
  }
  for (uint32_t parent = count / 2; parent-- > 0;) {
    sift_down(heap, count, parent, weights);
  }
  float kept = 0.0f;
  uint32_t size = 0;
  while (size < count && (size == 0 || kept < sampler->top_p * total)) {
    nucleus[size] = heap[0];
    kept += weights[heap[0]];
    ++size;
    heap[0] = heap[count - size];
    sift_down(heap, count - size, 0, weights);
  }
  /* 24 random bits are exact in float32. */
  float draw = (float)(next_random(&sampler->random) >> 40) * 0x1p-24f * kept;
  for (uint32_t i = 0; i + 1 < size; ++i) {
    draw -= weights[nucleus[i]];
    if (draw < 0.0f) {
      return nucleus[i];
    }
  }
  return nucleus[size - 1];
}
