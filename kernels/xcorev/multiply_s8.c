/* Multiplication on CORE-V cores: per four elements 8 loads of bytes, 8 subtractions, 8 mul, 4 each
 * of cv.addnr (add and shift) and cv.clip, 2 packs, 2 limits and a store, 37 instructions.
 *
 * Runs in which an operand's stride is neither 0 nor 1 are computed element by element. */
#include "tilewright/arithmetic.h"
#include "tilewright/binary.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

#define QUAD 4u

/* Strides are 0 or 1. */
static void compute_quads(const tw_multiply_s8_parameters *p, const int8_t *left,
                          int32_t left_stride, const int8_t *right, int32_t right_stride,
                          int8_t *output, uint32_t quads) {
  int32_t a, b, c, d, e, f, g, h;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[quads]", "1f")
                   "  cv.lb %[a], (%[left]), %[left_stride]\n"
                   "  cv.lb %[b], (%[left]), %[left_stride]\n"
                   "  cv.lb %[c], (%[left]), %[left_stride]\n"
                   "  cv.lb %[d], (%[left]), %[left_stride]\n"
                   "  cv.lb %[e], (%[right]), %[right_stride]\n"
                   "  cv.lb %[f], (%[right]), %[right_stride]\n"
                   "  cv.lb %[g], (%[right]), %[right_stride]\n"
                   "  cv.lb %[h], (%[right]), %[right_stride]\n"
                   "  sub %[a], %[a], %[left_zero]\n"
                   "  sub %[b], %[b], %[left_zero]\n"
                   "  sub %[c], %[c], %[left_zero]\n"
                   "  sub %[d], %[d], %[left_zero]\n"
                   "  sub %[e], %[e], %[right_zero]\n"
                   "  sub %[f], %[f], %[right_zero]\n"
                   "  sub %[g], %[g], %[right_zero]\n"
                   "  sub %[h], %[h], %[right_zero]\n"
                   "  mul %[a], %[a], %[e]\n"
                   "  mul %[b], %[b], %[f]\n"
                   "  mul %[c], %[c], %[g]\n"
                   "  mul %[d], %[d], %[h]\n"
                   "  mul %[a], %[a], %[scale]\n"
                   "  mul %[b], %[b], %[scale]\n"
                   "  mul %[c], %[c], %[scale]\n"
                   "  mul %[d], %[d], %[scale]\n"
                   "  cv.addnr %[a], %[bias], %[shift]\n"
                   "  cv.addnr %[b], %[bias], %[shift]\n"
                   "  cv.addnr %[c], %[bias], %[shift]\n"
                   "  cv.addnr %[d], %[bias], %[shift]\n"
                   "  cv.clip %[a], %[a], 8\n"
                   "  cv.clip %[b], %[b], 8\n"
                   "  cv.clip %[c], %[c], 8\n"
                   "  cv.clip %[d], %[d], 8\n"
                   "  cv.packlo.b %[a], %[b], %[a]\n"
                   "  cv.packhi.b %[a], %[d], %[c]\n"
                   "  cv.max.sc.b %[a], %[a], %[low]\n"
                   "  cv.min.sc.b %[a], %[a], %[high]\n"
                   "  cv.sw %[a], (%[output]), 4\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e),
                     [f] "=&r"(f), [g] "=&r"(g), [h] "=&r"(h), [left] "+r"(left),
                     [right] "+r"(right), [output] "+r"(output)
                   : [quads] "r"(quads), [left_stride] "r"(left_stride),
                     [right_stride] "r"(right_stride), [left_zero] "r"(p->left_zero_point), [right_zero] "r"(p->right_zero_point),
                     [scale] "r"(p->scale), [bias] "r"(p->bias), [shift] "r"(p->shift),
                     [low] "r"(p->low), [high] "r"(p->high)
                   : "memory");
}

void tw_multiply_s8(const tw_multiply_s8_parameters *parameters, const int8_t *left,
                    const int8_t *right, int8_t *output, uint32_t core, uint32_t cores) {
  /* Shares begin at whole words. */
  const tw_range words = tw_share(parameters->elements / QUAD, core, cores);
  const uint32_t begin = words.begin * QUAD;
  const uint32_t end = core == cores - 1 ? parameters->elements : words.end * QUAD;
  const int32_t left_stride = parameters->left_strides[TW_AXES - 1];
  const int32_t right_stride = parameters->right_strides[TW_AXES - 1];
  const int in_quads =
      (left_stride == 0 || left_stride == 1) && (right_stride == 0 || right_stride == 1);
  tw_walk walk = tw_walk_at(parameters->extents, begin);
  for (uint32_t i = begin; i < end;) {
    const uint32_t run = tw_walk_run(&walk, end - i);
    const int8_t *a = left + tw_walk_offset(&walk, parameters->left_strides);
    const int8_t *b = right + tw_walk_offset(&walk, parameters->right_strides);
    uint32_t done = 0;
    if (in_quads && run >= QUAD) {
      done = run / QUAD * QUAD;
      compute_quads(parameters, a, left_stride, b, right_stride, output + i, run / QUAD);
      a += (int32_t)done * left_stride;
      b += (int32_t)done * right_stride;
    }
    for (uint32_t j = done; j < run; ++j, a += left_stride, b += right_stride) {
      const int32_t product =
          (*a - parameters->left_zero_point) * (*b - parameters->right_zero_point);
      const int32_t scaled = product * parameters->scale + parameters->bias;
      output[i + j] =
          (int8_t)tw_clip(scaled >> parameters->shift, parameters->low, parameters->high);
    }
    tw_walk_advance(&walk, run);
    i += run;
  }
}
