/* The loop of a kernel that converts element by element. */
#ifndef TILEWRIGHT_CAST_LOOP_H_
#define TILEWRIGHT_CAST_LOOP_H_

#include "tilewright/parallel.h"

/* Defines kernel `name`, whose parameter is elements: output = value(input), which may be a
 * function or a type in brackets. */
#define TW_CAST_KERNEL(name, Input, Output, value)                                   \
  void name(const name##_parameters *parameters, const Input *input, Output *output, \
            uint32_t core, uint32_t cores) {                                         \
    const tw_range share = tw_share(parameters->elements, core, cores);              \
    for (uint32_t i = share.begin; i < share.end; ++i) {                             \
      output[i] = value(input[i]);                                                   \
    }                                                                                \
  }

#endif /* TILEWRIGHT_CAST_LOOP_H_ */
