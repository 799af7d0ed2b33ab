/* Addition on CORE-V cores: per four elements 8 loads of bytes, 4 each of mul, cv.mac, cv.addnr
 * (add and shift) and cv.clip, 2 packs, 2 limits and a store, 29 instructions. */
#include "kernels/xcorev/binary_runs.h"
#include "tilewright/arithmetic.h"
#include "tilewright/binary.h"
#include "tilewright/hardware_loop.h"

static inline int8_t compute_single(const tw_add_s8_parameters *p, int32_t left, int32_t right) {
  const int32_t sum = left * p->left_scale + right * p->right_scale + p->bias;
  return (int8_t)tw_clip(sum >> p->shift, p->low, p->high);
}

static inline void compute_quads(const tw_add_s8_parameters *p, const int8_t *left,
                                 int32_t left_stride, const int8_t *right, int32_t right_stride,
                                 int8_t *output, uint32_t quads) {
  int32_t a, b, c, d, e, f;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[quads]", "1f")
                   "  cv.lb %[a], (%[left]), %[left_stride]\n"
                   "  cv.lb %[b], (%[left]), %[left_stride]\n"
                   "  cv.lb %[c], (%[left]), %[left_stride]\n"
                   "  cv.lb %[d], (%[left]), %[left_stride]\n"
                   "  cv.lb %[e], (%[right]), %[right_stride]\n"
                   "  cv.lb %[f], (%[right]), %[right_stride]\n"
                   "  mul %[a], %[a], %[left_scale]\n"
                   "  mul %[b], %[b], %[left_scale]\n"
                   "  cv.mac %[a], %[e], %[right_scale]\n"
                   "  cv.mac %[b], %[f], %[right_scale]\n"
                   "  cv.lb %[e], (%[right]), %[right_stride]\n"
                   "  cv.lb %[f], (%[right]), %[right_stride]\n"
                   "  mul %[c], %[c], %[left_scale]\n"
                   "  mul %[d], %[d], %[left_scale]\n"
                   "  cv.mac %[c], %[e], %[right_scale]\n"
                   "  cv.mac %[d], %[f], %[right_scale]\n"
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
                     [f] "=&r"(f), [left] "+r"(left), [right] "+r"(right),
                     [output] "+r"(output)
                   : [quads] "r"(quads), [left_stride] "r"(left_stride),
                     [right_stride] "r"(right_stride), [left_scale] "r"(p->left_scale),
                     [right_scale] "r"(p->right_scale), [bias] "r"(p->bias),
                     [shift] "r"(p->shift), [low] "r"(p->low), [high] "r"(p->high)
                   : "memory");
}

TW_CALLED_RARELY static void compute_run(const void *parameters, binary_operand left,
                                         binary_operand right, int8_t *output, uint32_t count) {
  const uint32_t quads = count / QUAD;
  if (quads != 0) {
    compute_quads(parameters, left.values, left.stride, right.values, right.stride, output, quads);
  }
  for (uint32_t i = quads * QUAD; i < count; ++i) {
    output[i] = compute_single(parameters, left.values[(int32_t)i * left.stride],
                               right.values[(int32_t)i * right.stride]);
  }
}

TW_CALLED_RARELY static void add_runs(const tw_add_s8_parameters *parameters, const int8_t *left,
                                      const int8_t *right, int8_t *output, uint32_t core,
                                      uint32_t cores) {
  const binary_geometry in = {parameters->elements, parameters->extents, parameters->left_strides,
                              parameters->right_strides};
  compute_runs(&in, parameters, left, right, output, core, cores, compute_run);
}

TW_CALLED_OFTEN void tw_add_s8(const tw_add_s8_parameters *parameters, const int8_t *left,
                               const int8_t *right, int8_t *output, uint32_t core, uint32_t cores) {
  if (!is_dense(parameters->elements, parameters->extents, parameters->left_strides,
                parameters->right_strides)) {
    add_runs(parameters, left, right, output, core, cores);
    return;
  }
  const tw_range quads = tw_share(parameters->elements / QUAD, core, cores);
  const uint32_t begin = quads.begin * QUAD;
  if (quads.begin != quads.end) {
    compute_quads(parameters, left + begin, 1, right + begin, 1, output + begin,
                  quads.end - quads.begin);
  }
}
