/* The loop of kernels that requantise by factor, addend and shift. */
#ifndef TILEWRIGHT_REQUANTISE_SHIFT_LOOP_H_
#define TILEWRIGHT_REQUANTISE_SHIFT_LOOP_H_

#include "tilewright/parallel.h"

/* Defines kernel `name` (requantise_shift.h) with results of type `Output`. */
#define TW_REQUANTISE_SHIFT_KERNEL(name, Output)                                                 \
  void name(const name##_parameters *parameters, const int32_t *input, const int32_t *constants, \
            Output *output, uint32_t core, uint32_t cores) {                                     \
    const uint32_t channels = parameters->channels;                                              \
    const uint32_t inner = parameters->inner;                                                    \
    const tw_range share = tw_share(parameters->elements, core, cores);                          \
    uint32_t end; /* of a run with one factor and addend */                                      \
    for (uint32_t i = share.begin; i < share.end; i = end) {                                     \
      const uint32_t row = i / inner;                                                            \
      const int32_t *constant = constants + row % channels;                                      \
      const int64_t factor = constant[0];                                                        \
      const int64_t addend = (int64_t)((uint64_t)(uint32_t)constant[2 * channels] << 32 |        \
                                       (uint32_t)constant[channels]);                            \
      end = share.end - i < (row + 1) * inner - i ? share.end : (row + 1) * inner;               \
      for (uint32_t j = i; j < end; ++j) {                                                       \
        const int64_t shifted =                                                                  \
            ((input[j] * factor + addend) >> parameters->shift) + parameters->zero_point;        \
        const int64_t low = parameters->low;                                                     \
        const int64_t high = parameters->high;                                                   \
        output[j] = (Output)(shifted < low ? low : (shifted > high ? high : shifted));           \
      }                                                                                          \
    }                                                                                            \
  }

#endif /* TILEWRIGHT_REQUANTISE_SHIFT_LOOP_H_ */
