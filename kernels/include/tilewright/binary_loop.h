/* The loop of a kernel that applies a function to two broadcast operands, element by element. */
#ifndef TILEWRIGHT_BINARY_LOOP_H_
#define TILEWRIGHT_BINARY_LOOP_H_

#include "tilewright/parallel.h"
#include "tilewright/strided.h"

/* Defines kernel `name`, whose parameters have elements, extents, left_strides and right_strides:
 * output = value, an expression of the pointers `a` and `b` to the elements. */
#define TW_BINARY_LOOP(name, Operand, Output, value)                                        \
  void name(const name##_parameters *parameters, const Operand *left, const Operand *right, \
            Output *output, uint32_t core, uint32_t cores) {                                \
    const tw_range share = tw_share(parameters->elements, core, cores);                     \
    const int32_t left_stride = parameters->left_strides[TW_AXES - 1];                      \
    const int32_t right_stride = parameters->right_strides[TW_AXES - 1];                    \
    tw_walk walk = tw_walk_at(parameters->extents, share.begin);                            \
    for (uint32_t i = share.begin; i < share.end;) {                                        \
      const uint32_t run = tw_walk_run(&walk, share.end - i);                               \
      const Operand *a = left + tw_walk_offset(&walk, parameters->left_strides);            \
      const Operand *b = right + tw_walk_offset(&walk, parameters->right_strides);          \
      for (uint32_t j = 0; j < run; ++j, a += left_stride, b += right_stride) {             \
        output[i + j] = value;                                                              \
      }                                                                                     \
      tw_walk_advance(&walk, run);                                                          \
      i += run;                                                                             \
    }                                                                                       \
  }

/* output = function(left, right). */
#define TW_BINARY_KERNEL(name, Operand, Output, function) \
  TW_BINARY_LOOP(name, Operand, Output, function(*a, *b))

/* output = function(parameters, left, right). */
#define TW_PARAMETRIC_BINARY_KERNEL(name, Operand, Output, function) \
  TW_BINARY_LOOP(name, Operand, Output, function(parameters, *a, *b))

#endif /* TILEWRIGHT_BINARY_LOOP_H_ */
