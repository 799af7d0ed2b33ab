#include "tilewright/parallel.h"
#include "tilewright/rotary_embedding.h"

void tw_rotary_embedding_f32(const tw_rotary_embedding_f32_parameters *parameters,
                             const float *input, const float *cosine, const float *sine,
                             const int32_t *positions, float *output, uint32_t core,
                             uint32_t cores) {
  const uint32_t heads = parameters->heads;
  const uint32_t tokens = parameters->tokens;
  const uint32_t pairs = parameters->rotary_size / 2;
  const uint32_t step = parameters->interleaved ? 2 : 1;
  const uint32_t partner = parameters->interleaved ? 1 : pairs;
  const tw_range share = tw_share(parameters->batch * heads * tokens, core, cores);
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t token = item % tokens;
    const uint32_t head = item / tokens % heads;
    const uint32_t batch = item / tokens / heads;
    const uint32_t offset = batch * heads * tokens * parameters->head_size +
                            head * parameters->head_stride + token * parameters->token_stride;
    const uint32_t row =
        tw_rotary_cache_row(positions, batch * tokens + token, parameters->cache_rows);
    const float *x = input + offset;
    float *y = output + offset;
    for (uint32_t i = 0; i < pairs; ++i) {
      const float c = cosine[row * pairs + i];
      const float s = sine[row * pairs + i];
      const float x0 = x[i * step];
      const float x1 = x[i * step + partner];
      y[i * step] = c * x0 - s * x1;
      y[i * step + partner] = s * x0 + c * x1;
    }
    for (uint32_t i = parameters->rotary_size; i < parameters->head_size; ++i) {
      y[i] = x[i];
    }
  }
}
