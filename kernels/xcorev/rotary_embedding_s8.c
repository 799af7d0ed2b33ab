/* Rotary embedding on CORE-V cores: a sum that includes its rounded shift, a sum that includes a
 * shift by a register and a clip make 4 instructions of a requantisation. */
#include "tilewright/rotary_embedding.h"

#include "tilewright/parallel.h"

typedef struct {
  int32_t scale;
  int32_t bias;
  uint32_t shift;
} requantisation;

static inline int8_t requantise(int32_t rotated, requantisation by) {
  int32_t y;
  __asm__("cv.addrn %0, %1, zero, 6" : "=r"(y) : "r"(rotated));
  y *= by.scale;
  __asm__("cv.addnr %0, %1, %2" : "+r"(y) : "r"(by.bias), "r"(by.shift));
  __asm__("cv.clip %0, %0, 8" : "+r"(y));
  return (int8_t)y;
}

/* Where the pairs of one vector are. */
typedef struct {
  uint32_t pairs;
  uint32_t step;    /* from a pair to the next */
  uint32_t partner; /* from the first element of a pair to the second */
  int32_t zero_point;
} geometry;

static inline void rotate(const int8_t *x, const int16_t *cosine, const int16_t *sine, int8_t *y,
                          const geometry in, const requantisation by) {
  for (uint32_t i = 0; i < in.pairs; ++i) {
    const int32_t d0 = x[0] - in.zero_point;
    const int32_t d1 = x[in.partner] - in.zero_point;
    const int32_t c = *cosine++;
    const int32_t s = *sine++;
    y[0] = requantise(d0 * c - d1 * s, by);
    y[in.partner] = requantise(d0 * s + d1 * c, by);
    x += in.step;
    y += in.step;
  }
}

void tw_rotary_embedding_s8(const tw_rotary_embedding_s8_parameters *parameters,
                            const int8_t *input, const int16_t *cosine, const int16_t *sine,
                            const int32_t *positions, int8_t *output, uint32_t core,
                            uint32_t cores) {
  /* Copies, which the stores of bytes cannot change. */
  const requantisation by = {parameters->scale, parameters->bias, parameters->shift};
  const uint32_t pairs = parameters->rotary_size / 2;
  const uint32_t interleaved = parameters->interleaved;
  const geometry in = {pairs, interleaved ? 2 : 1, interleaved ? 1 : pairs,
                       parameters->input_zero_point};
  const uint32_t heads = parameters->heads;
  const uint32_t tokens = parameters->tokens;
  const uint32_t head_size = parameters->head_size;
  const uint32_t rotary_size = parameters->rotary_size;
  const uint32_t cache_rows = parameters->cache_rows;
  const uint32_t head_stride = parameters->head_stride;
  const uint32_t token_stride = parameters->token_stride;
  const uint32_t batch_stride = heads * tokens * head_size;
  const int32_t one = parameters->one;
  const tw_range share = tw_share(parameters->batch * heads * tokens, core, cores);
  uint32_t token = share.begin % tokens;
  uint32_t head = share.begin / tokens % heads;
  uint32_t batch = share.begin / tokens / heads;
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t offset = batch * batch_stride + head * head_stride + token * token_stride;
    const uint32_t row = tw_rotary_cache_row(positions, batch * tokens + token, cache_rows) * pairs;
    const int8_t *x = input + offset;
    int8_t *y = output + offset;
    rotate(x, cosine + row, sine + row, y, in, by);
    for (uint32_t i = rotary_size; i < head_size; ++i) {
      y[i] = requantise((x[i] - in.zero_point) * one, by);
    }
    if (++token == tokens) {
      token = 0;
      if (++head == heads) {
        head = 0;
        ++batch;
      }
    }
  }
}
