/* Running sums along one axis. Tensors are [outer][extent][inner]; the axis is in the middle. */
#ifndef TILEWRIGHT_CUMULATIVE_SUM_H_
#define TILEWRIGHT_CUMULATIVE_SUM_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t exclusive; /* 1: an element is not part of its own sum */
  uint32_t reverse;   /* 1: sums run from the end of the axis, 0: from its start */
} tw_cumulative_sum_f32_parameters;

/* output = the sum of the elements so far, from 0. */
void tw_cumulative_sum_f32(const tw_cumulative_sum_f32_parameters *parameters, const float *input,
                           float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t exclusive; /* 1: an element is not part of its own sum */
  uint32_t reverse;   /* 1: sums run from the end of the axis, 0: from its start */
} tw_cumulative_sum_s32_parameters;

/* output = the sum modulo 2^32 of the elements so far, from 0. */
void tw_cumulative_sum_s32(const tw_cumulative_sum_s32_parameters *parameters, const int32_t *input,
                           int32_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_CUMULATIVE_SUM_H_ */
