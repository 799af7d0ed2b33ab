/* Sampling: greedy ties, the nucleus, the distribution, and the same draws for the same seed. */
#include "firmware/apps/language_model/sampler.h"

#include "firmware/apps/language_model/check.h"

#define DRAWS 20000

static void test_greedy_takes_the_first_of_equals(void) {
  const float logits[] = {-1.0f, 2.0f, 0.0f, 2.0f};
  tw_sampler sampler = {0.0f, 1.0f, 5};
  CHECK(tw_sampler_greedy(logits, 4) == 1);
  CHECK(tw_sampler_next(&sampler, logits, 4) == 1);
  CHECK(sampler.random == 5); /* greedy choice draws nothing */
}

static void test_small_nucleus_is_greedy(void) {
  const float logits[] = {0.0f, 1.0f, 3.0f, 2.0f};
  tw_sampler sampler = {1.0f, 0.5f, 1}; /* the likeliest token alone has probability 0.64 */
  for (int i = 0; i < 100; ++i) {
    CHECK(tw_sampler_next(&sampler, logits, 4) == 2);
  }
}

static void test_nucleus_leaves_out_the_tail(void) {
  const float logits[] = {0.0f, 1.0f, 3.0f, 2.0f}; /* probabilities 0.03 0.09 0.64 0.24 */
  tw_sampler sampler = {1.0f, 0.8f, 1};
  int seen[4] = {0};
  for (int i = 0; i < DRAWS; ++i) {
    ++seen[tw_sampler_next(&sampler, logits, 4)];
  }
  CHECK(seen[0] == 0 && seen[1] == 0);
  CHECK(seen[2] + seen[3] == DRAWS);
  /* 0.644 / (0.644 + 0.237) = 0.731; five standard deviations are 0.016. */
  CHECK(seen[2] > 0.715 * DRAWS && seen[2] < 0.747 * DRAWS);
}

static void test_temperature_flattens(void) {
  const float logits[] = {0.0f, 4.0f};
  tw_sampler hot = {100.0f, 1.0f, 3};
  int ones = 0;
  for (int i = 0; i < DRAWS; ++i) {
    ones += tw_sampler_next(&hot, logits, 2) == 1;
  }
  /* 1 / (1 + exp(-0.04)) = 0.51 */
  CHECK(ones > 0.492 * DRAWS && ones < 0.528 * DRAWS);
}

static void test_same_seed_same_draws(void) {
  float logits[300];
  for (int i = 0; i < 300; ++i) {
    logits[i] = (float)(i * 37 % 101) / 25.0f;
  }
  tw_sampler first = {0.9f, 0.95f, 42};
  tw_sampler second = first;
  int different = 0;
  uint32_t previous = 0;
  for (int i = 0; i < 200; ++i) {
    const uint32_t token = tw_sampler_next(&first, logits, 300);
    CHECK(token == tw_sampler_next(&second, logits, 300));
    different += token != previous;
    previous = token;
  }
  CHECK(different > 100);
}

int main(void) {
  test_greedy_takes_the_first_of_equals();
  test_small_nucleus_is_greedy();
  test_nucleus_leaves_out_the_tail();
  test_temperature_flattens();
  test_same_seed_same_draws();
  return failures;
}
