/* Rotary embedding on CORE-V cores: 20 instructions for a pair and 10 for a vector. A sum that
 * includes its rounded shift, a sum that includes a shift by a register and a clip make 4 of a
 * requantisation.
 *
 * Heads of one word, of several tokens: 30 instructions for both pairs. They are widened to 16 bits
 * together, and each result is a product of two of them with two numbers of the tables, which all
 * heads of a token share. */
#include "tilewright/rotary_embedding.h"

#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/placement.h"

/* Vectors that are rotated one after the other: `count` of them, `stride` apart, each with a
 * position that is `position_step` bytes after the one before. */
typedef struct {
  const int8_t *input;
  int8_t *output;
  const int32_t *positions;
  uint32_t position_step;
  uint32_t count; /* 1 or more */
  uint32_t stride;
} vectors;

static inline void rotate(const tw_rotary_embedding_s8_parameters *parameters, vectors of,
                          const int16_t *cosine, const int16_t *sine) {
  const uint32_t pairs = parameters->rotary_size / 2;
  /* From a pair to the next, and from the first element of a pair to the second. */
  const uint32_t step = parameters->interleaved ? 2 : 1;
  const uint32_t partner = parameters->interleaved ? 1 : pairs;
  int32_t a, b, c, s, t;
  const int16_t *cosines, *sines;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(1, "%[count]", "2f")
                   "  cv.lw %[a], (%[positions]), %[position_step]\n"
                   "  nop\n"
                   "  cv.max %[a], %[a], zero\n"
                   "  cv.min %[a], %[a], %[last]\n"
                   "  mul %[a], %[a], %[row_bytes]\n"
                   "  add %[cosines], %[cosine], %[a]\n"
                   "  add %[sines], %[sine], %[a]\n" TW_LOOP_SETUP(0, "%[pairs]", "1f")
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
                     [x] "+r"(of.input), [y] "+r"(of.output), [positions] "+r"(of.positions),
                     [cosines] "=&r"(cosines), [sines] "=&r"(sines)
                   : [count] "r"(of.count), [gap] "r"(of.stride - pairs * step),
                     [position_step] "r"(of.position_step),
                     [last] "r"(parameters->cache_rows - 1), [row_bytes] "r"(pairs * 2),
                     [cosine] "r"(cosine), [sine] "r"(sine), [pairs] "r"(pairs), [step] "r"(step),
                     [partner] "r"(partner), [zero_point] "r"(parameters->input_zero_point),
                     [scale] "r"(parameters->scale), [bias] "r"(parameters->bias),
                     [shift] "r"(parameters->shift)
                   : "memory");
}

/* What does not rotate only changes its scale. */
static inline void rescale(const tw_rotary_embedding_s8_parameters *parameters, vectors of) {
  const int32_t zero_point = parameters->input_zero_point;
  const int32_t one = parameters->one;
  const int32_t scale = parameters->scale;
  const int32_t bias = parameters->bias;
  const uint32_t shift = parameters->shift;
  for (; of.count > 0; --of.count) {
    for (uint32_t i = parameters->rotary_size; i < parameters->head_size; ++i) {
      int32_t value = (of.input[i] - zero_point) * one;
      __asm__("cv.addrn %0, %1, zero, 6" : "=r"(value) : "r"(value));
      value *= scale;
      __asm__("cv.addnr %0, %1, %2" : "+r"(value) : "r"(bias), "r"(shift));
      __asm__("cv.clip %0, %0, 8" : "+r"(value));
      of.output[i] = (int8_t)value;
    }
    of.input += of.stride;
    of.output += of.stride;
  }
}

#define WORD 4u

/* Numbers of the tables as pairs of 16 bits, for the first and the second result of pairs 0 and 1.
 */
typedef struct {
  uint32_t first[2];
  uint32_t second[2];
} word_factors;

static inline uint32_t in_halves(int32_t low, int32_t high) {
  return ((uint32_t)low & UINT32_C(0xffff)) | (uint32_t)high << 16;
}

/* Vectors of one word, `count` of them, `stride` apart, which all have the same position. */
static inline void rotate_word(const tw_rotary_embedding_s8_parameters *parameters, vectors of,
                               word_factors by) {
  int32_t a, b, c, d;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[count]", "1f")
                   "  cv.lw %[c], (%[x]), %[stride]\n"
                   "  nop\n"
                   "  cv.sll.sci.h %[a], %[c], 8\n"
                   "  cv.sra.sci.h %[c], %[c], 8\n" /* the second pair */
                   "  cv.sra.sci.h %[a], %[a], 8\n" /* the first one */
                   "  cv.sub.sc.h %[c], %[c], %[zero_point]\n"
                   "  cv.sub.sc.h %[a], %[a], %[zero_point]\n"
                   "  cv.dotsp.h %[d], %[c], %[s1]\n"
                   "  cv.dotsp.h %[c], %[c], %[f1]\n"
                   "  cv.dotsp.h %[b], %[a], %[s0]\n"
                   "  cv.dotsp.h %[a], %[a], %[f0]\n"
                   "  cv.addrn %[d], %[d], zero, 6\n"
                   "  cv.addrn %[c], %[c], zero, 6\n"
                   "  cv.addrn %[b], %[b], zero, 6\n"
                   "  cv.addrn %[a], %[a], zero, 6\n"
                   "  mul %[d], %[d], %[scale]\n"
                   "  mul %[c], %[c], %[scale]\n"
                   "  mul %[b], %[b], %[scale]\n"
                   "  mul %[a], %[a], %[scale]\n"
                   "  cv.addnr %[d], %[bias], %[shift]\n"
                   "  cv.addnr %[c], %[bias], %[shift]\n"
                   "  cv.addnr %[b], %[bias], %[shift]\n"
                   "  cv.addnr %[a], %[bias], %[shift]\n"
                   "  cv.clip %[d], %[d], 8\n"
                   "  cv.clip %[c], %[c], 8\n"
                   "  cv.clip %[b], %[b], 8\n"
                   "  cv.clip %[a], %[a], 8\n"
                   "  cv.packlo.b %[a], %[c], %[a]\n"
                   "  cv.packhi.b %[a], %[d], %[b]\n"
                   "  cv.sw %[a], (%[y]), %[stride]\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [x] "+r"(of.input),
                     [y] "+r"(of.output)
                   : [count] "r"(of.count), [stride] "r"(of.stride),
                     [zero_point] "r"(parameters->input_zero_point), [f0] "r"(by.first[0]),
                     [f1] "r"(by.first[1]), [s0] "r"(by.second[0]), [s1] "r"(by.second[1]),
                     [scale] "r"(parameters->scale), [bias] "r"(parameters->bias),
                     [shift] "r"(parameters->shift)
                   : "memory");
}

/* Heads of one word: all heads of a token at once. Cores take tokens in turns, which are then in
 * different banks. */
static void rotate_words(const tw_rotary_embedding_s8_parameters *parameters, const int8_t *input,
                         const int16_t *cosine, const int16_t *sine, const int32_t *positions,
                         int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t tokens = parameters->tokens;
  const uint32_t batch_stride = parameters->heads * tokens * WORD;
  uint32_t first = 0; /* of the batch entry */
  for (uint32_t index = core; index < parameters->batch * tokens; index += cores) {
    for (; index - first >= tokens; first += tokens) {
      input += batch_stride;
      output += batch_stride;
    }
    const uint32_t offset = (index - first) * parameters->token_stride;
    const int32_t position = (int32_t)tw_rotary_cache_row(positions, index, parameters->cache_rows);
    const vectors of = {input + offset,    output + offset,        &position, 0,
                        parameters->heads, parameters->head_stride};
    const int16_t *const c = cosine + position * 2;
    const int16_t *const s = sine + position * 2;
    if (s[0] == INT16_MIN || s[1] == INT16_MIN) { /* the opposite takes 17 bits */
      rotate(parameters, of, cosine, sine);
    } else {
      const word_factors by = {{in_halves(c[0], -s[0]), in_halves(c[1], -s[1])},
                               {in_halves(s[0], c[0]), in_halves(s[1], c[1])}};
      rotate_word(parameters, of, by);
    }
  }
}

/* Several tokens: heads of one word all at once, others head by head, the tokens of each at once.
 */
__attribute__((noinline)) static void rotate_any(
    const tw_rotary_embedding_s8_parameters *parameters, const int8_t *input, const int16_t *cosine,
    const int16_t *sine, const int32_t *positions, int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t heads = parameters->heads;
  const uint32_t tokens = parameters->tokens;
  if (parameters->batch * tokens >= cores && parameters->head_size == WORD &&
      parameters->rotary_size == WORD && !parameters->interleaved) {
    rotate_words(parameters, input, cosine, sine, positions, output, core, cores);
    return;
  }
  const tw_range share = tw_share(parameters->batch * tokens * heads, core, cores);
  uint32_t token = share.begin % tokens;
  uint32_t head = share.begin / tokens % heads;
  uint32_t batch = share.begin / tokens / heads;
  for (uint32_t left = share.end - share.begin; left > 0;) {
    const uint32_t offset = batch * heads * tokens * parameters->head_size +
                            head * parameters->head_stride + token * parameters->token_stride;
    int32_t position = (int32_t)(batch * tokens + token);
    /* Without positions, every vector has one that is computed here. */
    const uint32_t wanted = tokens - token < left ? tokens - token : left;
    const uint32_t count = positions ? wanted : 1;
    const vectors of = {
        input + offset,  output + offset, positions ? positions + position : &position,
        sizeof(int32_t), count,           parameters->token_stride};
    rotate(parameters, of, cosine, sine);
    rescale(parameters, of);
    left -= count;
    token += count;
    if (token == tokens) {
      token = 0;
      if (++head == heads) {
        head = 0;
        ++batch;
      }
    }
  }
}

/* Heads of one token have the same position. */
TW_CALLED_OFTEN void tw_rotary_embedding_s8(const tw_rotary_embedding_s8_parameters *parameters,
                                            const int8_t *input, const int16_t *cosine,
                                            const int16_t *sine, const int32_t *positions,
                                            int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t tokens = parameters->batch * parameters->tokens;
  const tw_range share = tw_share(tokens * parameters->heads, core, cores);
  if (tokens != 1 || !positions || parameters->rotary_size != parameters->head_size) {
    rotate_any(parameters, input, cosine, sine, positions, output, core, cores);
  } else if (share.begin != share.end) {
    const uint32_t stride = parameters->head_stride;
    const uint32_t offset = share.begin * stride;
    const vectors of = {input + offset,          output + offset, positions, 0,
                        share.end - share.begin, stride};
    rotate(parameters, of, cosine, sine);
  }
}
