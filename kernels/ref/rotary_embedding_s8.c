#include "tilewright/arithmetic.h"
#include "tilewright/parallel.h"
#include "tilewright/rotary_embedding.h"

/* Drops the bits of a rotated value that do not matter, so that the product fits int32. */
static int8_t requantise(int32_t rotated, const tw_rotary_embedding_s8_parameters *parameters) {
  const int32_t steps =
      (((rotated + 32) >> 6) * parameters->scale + parameters->bias) >> parameters->shift;
  return (int8_t)tw_clip(steps, -128, 127);
}

void tw_rotary_embedding_s8(const tw_rotary_embedding_s8_parameters *parameters,
                            const int8_t *input, const int16_t *cosine, const int16_t *sine,
                            const int32_t *positions, int8_t *output, uint32_t core,
                            uint32_t cores) {
  const uint32_t heads = parameters->heads;
  const uint32_t tokens = parameters->tokens;
  const uint32_t pairs = parameters->rotary_size / 2;
  const uint32_t step = parameters->interleaved ? 2 : 1;
  const uint32_t partner = parameters->interleaved ? 1 : pairs;
  const int32_t zero_point = parameters->input_zero_point;
  const tw_range share = tw_share(parameters->batch * heads * tokens, core, cores);
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t token = item % tokens;
    const uint32_t head = item / tokens % heads;
    const uint32_t batch = item / tokens / heads;
    const uint32_t offset = batch * heads * tokens * parameters->head_size +
                            head * parameters->head_stride + token * parameters->token_stride;
    const uint32_t row =
        tw_rotary_cache_row(positions, batch * tokens + token, parameters->cache_rows);
    const int8_t *x = input + offset;
    int8_t *y = output + offset;
    for (uint32_t i = 0; i < pairs; ++i) {
      const int32_t c = cosine[row * pairs + i];
      const int32_t s = sine[row * pairs + i];
      const int32_t d0 = x[i * step] - zero_point;
      const int32_t d1 = x[i * step + partner] - zero_point;
      y[i * step] = requantise(d0 * c - d1 * s, parameters);
      y[i * step + partner] = requantise(d0 * s + d1 * c, parameters);
    }
    for (uint32_t i = parameters->rotary_size; i < parameters->head_size; ++i) {
      y[i] = requantise((x[i] - zero_point) * parameters->one, parameters);
    }
  }
}
