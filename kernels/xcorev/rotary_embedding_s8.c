/* Rotary embedding on CORE-V cores: 20 instructions for a pair. A sum that includes its rounded
 * shift, a sum that includes a shift by a register and a clip make 4 of a requantisation. */
#include "tilewright/rotary_embedding.h"

#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"

/* How vectors are rotated: copies, which stores of bytes cannot change. */
typedef struct {
  uint32_t pairs;
  uint32_t step;    /* from a pair to the next */
  uint32_t partner; /* from the first element of a pair to the second */
  int32_t zero_point;
  int32_t scale;
  int32_t bias;
  uint32_t shift;
} rotation;

static inline rotation rotation_of(const tw_rotary_embedding_s8_parameters *parameters) {
  const uint32_t pairs = parameters->rotary_size / 2;
  const uint32_t interleaved = parameters->interleaved;
  const rotation by = {pairs,
                       interleaved ? 2 : 1,
                       interleaved ? 1 : pairs,
                       parameters->input_zero_point,
                       parameters->scale,
                       parameters->bias,
                       parameters->shift};
  return by;
}

/* Rotates `count` vectors, which are `stride` apart, by the same angles. */
static inline void rotate(const int8_t *x, const int16_t *cosine, const int16_t *sine, int8_t *y,
                          uint32_t count, uint32_t stride, rotation by) {
  int32_t a, b, c, s, t;
  const int16_t *cosines, *sines;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(1, "%[count]", "2f")
                   "  mv %[cosines], %[cosine]\n"
                   "  mv %[sines], %[sine]\n" TW_LOOP_SETUP(0, "%[pairs]", "1f")
                   "  cv.lb %[b], %[partner](%[x])\n"
                   "  cv.lb %[a], (%[x]), %[step]\n"
                   "  cv.lh %[c], (%[cosines]), 2\n"
                   "  cv.lh %[s], (%[sines]), 2\n"
                   "  sub %[b], %[b], %[zero_point]\n"
                   "  sub %[a], %[a], %[zero_point]\n"
                   "  mul %[t], %[b], %[c]\n"
                   "  cv.mac %[t], %[a], %[s]\n"
                   "  mul %[a], %[a], %[c]\n"
                   "  cv.msu %[a], %[b], %[s]\n"
                   "  cv.addrn %[t], %[t], zero, 6\n"
                   "  cv.addrn %[a], %[a], zero, 6\n"
                   "  mul %[t], %[t], %[scale]\n"
                   "  mul %[a], %[a], %[scale]\n"
                   "  cv.addnr %[t], %[bias], %[shift]\n"
                   "  cv.addnr %[a], %[bias], %[shift]\n"
                   "  cv.clip %[t], %[t], 8\n"
                   "  cv.clip %[a], %[a], 8\n"
                   "  cv.sb %[t], %[partner](%[y])\n"
                   "  cv.sb %[a], (%[y]), %[step]\n"
                   "1:\n"
                   "  add %[x], %[x], %[gap]\n"
                   "  add %[y], %[y], %[gap]\n"
                   "2:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [s] "=&r"(s), [t] "=&r"(t),
                     [x] "+r"(x), [y] "+r"(y), [cosines] "=&r"(cosines), [sines] "=&r"(sines)
                   : [count] "r"(count), [gap] "r"(stride - by.pairs * by.step),
                     [cosine] "r"(cosine), [sine] "r"(sine), [pairs] "r"(by.pairs),
                     [step] "r"(by.step), [partner] "r"(by.partner),
                     [zero_point] "r"(by.zero_point), [scale] "r"(by.scale), [bias] "r"(by.bias),
                     [shift] "r"(by.shift)
                   : "memory");
}

/* What does not rotate only changes its scale. */
static inline void rescale(const int8_t *x, int8_t *y, uint32_t count, int32_t one, rotation by) {
  for (; count > 0; --count) {
    int32_t value = (*x++ - by.zero_point) * one;
    __asm__("cv.addrn %0, %1, zero, 6" : "=r"(value) : "r"(value));
    value *= by.scale;
    __asm__("cv.addnr %0, %1, %2" : "+r"(value) : "r"(by.bias), "r"(by.shift));
    __asm__("cv.clip %0, %0, 8" : "+r"(value));
    *y++ = (int8_t)value;
  }
}

/* Vectors one by one: each has angles of its own. */
__attribute__((noinline)) static void rotate_tokens(
    const tw_rotary_embedding_s8_parameters *parameters, const int8_t *input, const int16_t *cosine,
    const int16_t *sine, const int32_t *positions, int8_t *output, tw_range share) {
  const rotation by = rotation_of(parameters);
  const uint32_t heads = parameters->heads;
  const uint32_t tokens = parameters->tokens;
  const uint32_t rotary_size = parameters->rotary_size;
  const uint32_t head_size = parameters->head_size;
  const uint32_t cache_rows = parameters->cache_rows;
  const uint32_t head_stride = parameters->head_stride;
  const uint32_t token_stride = parameters->token_stride;
  const uint32_t batch_stride = heads * tokens * head_size;
  const int32_t one = parameters->one;
  uint32_t token = share.begin % tokens;
  uint32_t head = share.begin / tokens % heads;
  uint32_t batch = share.begin / tokens / heads;
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t offset = batch * batch_stride + head * head_stride + token * token_stride;
    const uint32_t row =
        tw_rotary_cache_row(positions, batch * tokens + token, cache_rows) * by.pairs;
    const int8_t *x = input + offset;
    int8_t *y = output + offset;
    rotate(x, cosine + row, sine + row, y, 1, 0, by);
    rescale(x + rotary_size, y + rotary_size, head_size - rotary_size, one, by);
    if (++token == tokens) {
      token = 0;
      if (++head == heads) {
        head = 0;
        ++batch;
      }
    }
  }
}

/* One token's heads have the same angles. */
TW_CALLED_OFTEN void tw_rotary_embedding_s8(const tw_rotary_embedding_s8_parameters *parameters,
                                            const int8_t *input, const int16_t *cosine,
                                            const int16_t *sine, const int32_t *positions,
                                            int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t tokens = parameters->batch * parameters->tokens;
  const tw_range share = tw_share(tokens * parameters->heads, core, cores);
  if (tokens != 1 || parameters->rotary_size != parameters->head_size) {
    rotate_tokens(parameters, input, cosine, sine, positions, output, share);
    return;
  }
  if (share.begin == share.end) {
    return;
  }
  const rotation by = rotation_of(parameters);
  const uint32_t row = tw_rotary_cache_row(positions, 0, parameters->cache_rows) * by.pairs;
  const uint32_t stride = parameters->head_stride;
  const uint32_t offset = share.begin * stride;
  rotate(input + offset, cosine + row, sine + row, output + offset, share.end - share.begin, stride,
         by);
}
