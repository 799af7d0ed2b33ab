/* Addition, subtraction and multiplication of float32 on CORE-V cores. */
#ifndef KERNELS_XCOREV_ARITHMETIC_F32_H_
#define KERNELS_XCOREV_ARITHMETIC_F32_H_

#include <stdint.h>

#include "kernels/xcorev/products_f32.h"
#include "tilewright/float.h"
#include "tilewright/parallel.h"
#include "tilewright/strided.h"

/* Elements of a step of a run: their loads are far enough from what uses them. */
#define STEP 4u

/* `count` elements of output[i] = left[i * left_stride] operator right[i * right_stride], where
 * strides are constants, four at a time. */
#define COMPUTE_RUN_F32(count, left, left_stride, operator, right, right_stride, output) \
  do {                                                                                   \
    const float *a = (left);                                                             \
    const float *b = (right);                                                            \
    float *y = (output);                                                                 \
    for (uint32_t steps = (count) / STEP; steps != 0; --steps) {                         \
      KEEP_POINTER(a);                                                                   \
      KEEP_POINTER(b);                                                                   \
      KEEP_POINTER(y);                                                                   \
      const float first = a[0] operator b[0];                                            \
      const float second = a[left_stride] operator b[right_stride];                      \
      const float third = a[2 * (left_stride)] operator b[2 *(right_stride)];            \
      const float fourth = a[3 * (left_stride)] operator b[3 *(right_stride)];           \
      y[0] = first;                                                                      \
      y[1] = second;                                                                     \
      y[2] = third;                                                                      \
      y[3] = fourth;                                                                     \
      a += STEP * (left_stride);                                                         \
      b += STEP * (right_stride);                                                        \
      y += STEP;                                                                         \
    }                                                                                    \
    for (uint32_t rest = (count) % STEP; rest != 0; --rest) {                            \
      *y++ = *a operator* b;                                                             \
      a += (left_stride);                                                                \
      b += (right_stride);                                                               \
    }                                                                                    \
  } while (0)

/* Saturates what a run has made. */
static inline void saturate_run_f32(float *values, uint32_t count, float minimum, float maximum) {
  for (; count != 0; --count, ++values) {
    *values = tw_saturate_f32(*values, minimum, maximum);
  }
}

/* Defines kernel `name`: output = left operator right, saturated. */
#define ARITHMETIC_KERNEL_F32(name, operator)                                                \
  void name(const name##_parameters *parameters, const float *left, const float *right,      \
            float *output, uint32_t core, uint32_t cores) {                                  \
    const int bounded =                                                                      \
        parameters->minimum != -__builtin_inff() || parameters->maximum != __builtin_inff(); \
    const int32_t left_stride = parameters->left_strides[TW_AXES - 1];                       \
    const int32_t right_stride = parameters->right_strides[TW_AXES - 1];                     \
    const tw_range share = tw_share(parameters->elements, core, cores);                      \
    tw_walk walk = tw_walk_at(parameters->extents, share.begin);                             \
    for (uint32_t i = share.begin; i < share.end;) {                                         \
      const uint32_t run = tw_walk_run(&walk, share.end - i);                                \
      const float *x = left + tw_walk_offset(&walk, parameters->left_strides);               \
      const float *z = right + tw_walk_offset(&walk, parameters->right_strides);             \
      if (left_stride == 1 && right_stride == 1) {                                           \
        COMPUTE_RUN_F32(run, x, 1, operator, z, 1, output + i);                              \
      } else if (left_stride == 1 && right_stride == 0) {                                    \
        COMPUTE_RUN_F32(run, x, 1, operator, z, 0, output + i);                              \
      } else {                                                                               \
        for (uint32_t j = 0; j < run; ++j, x += left_stride, z += right_stride) {            \
          output[i + j] = *x operator* z;                                                    \
        }                                                                                    \
      }                                                                                      \
      if (bounded) {                                                                         \
        saturate_run_f32(output + i, run, parameters->minimum, parameters->maximum);         \
      }                                                                                      \
      tw_walk_advance(&walk, run);                                                           \
      i += run;                                                                              \
    }                                                                                        \
  }

#endif /* KERNELS_XCOREV_ARITHMETIC_F32_H_ */
