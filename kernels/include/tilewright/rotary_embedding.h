/* Rotary position embedding. */
#ifndef TILEWRIGHT_ROTARY_EMBEDDING_H_
#define TILEWRIGHT_ROTARY_EMBEDDING_H_

#include <stdint.h>

/* Input and output hold one vector of head_size elements per batch entry, head and token, at
 * batch * heads * tokens * head_size + head * head_stride + token * token_stride. In each vector,
 * pair i of rotary_size / 2 pairs is (i, i + rotary_size / 2), or (2i, 2i + 1) if interleaved; the
 * elements from rotary_size on are only rescaled. */
typedef struct {
  uint32_t batch;
  uint32_t heads;
  uint32_t tokens;
  uint32_t head_size;
  uint32_t rotary_size;
  uint32_t head_stride;
  uint32_t token_stride;
  uint32_t interleaved;
  uint32_t cache_rows;
  int32_t input_zero_point;
  int32_t one; /* 1 in the fractional bits of the tables */
  int32_t scale;
  uint32_t shift;
  int32_t bias; /* output zero point and rounding, in units of 2^-shift */
} tw_rotary_embedding_s8_parameters;

/* With d = x - input_zero_point for both elements of a pair:
 *   y0 = requantise(d0 * cosine - d1 * sine)
 *   y1 = requantise(d0 * sine + d1 * cosine)
 * where requantise(r) = clip((((r + 32) >> 6) * scale + bias) >> shift).
 *
 * cosine, sine: [cache_rows][rotary_size / 2], fixed point; positions: [batch][tokens], the cache
 * row of each token, limited to existing rows; NULL: row batch * tokens + token.
 */
void tw_rotary_embedding_s8(const tw_rotary_embedding_s8_parameters *parameters,
                            const int8_t *input, const int16_t *cosine, const int16_t *sine,
                            const int32_t *positions, int8_t *output, uint32_t core,
                            uint32_t cores);

typedef struct {
  uint32_t batch;
  uint32_t heads;
  uint32_t tokens;
  uint32_t head_size;
  uint32_t rotary_size;
  uint32_t head_stride;
  uint32_t token_stride;
  uint32_t interleaved;
  uint32_t cache_rows;
} tw_rotary_embedding_f32_parameters;

/* y0 = cosine * x0 - sine * x1, y1 = sine * x0 + cosine * x1; arguments as above. */
void tw_rotary_embedding_f32(const tw_rotary_embedding_f32_parameters *parameters,
                             const float *input, const float *cosine, const float *sine,
                             const int32_t *positions, float *output, uint32_t core,
                             uint32_t cores);

/* The cache row of token `index` of batch * tokens. */
static inline uint32_t tw_rotary_cache_row(const int32_t *positions, uint32_t index,
                                           uint32_t cache_rows) {
  if (positions == 0) {
    return index;
  }
  const int32_t position = positions[index];
  if (position < 0) {
    return 0;
  }
  return (uint32_t)position < cache_rows ? (uint32_t)position : cache_rows - 1;
}

#endif /* TILEWRIGHT_ROTARY_EMBEDDING_H_ */
