/* Positions of extremes along one axis. The input is [outer][extent][inner], the output
 * [outer][inner]. */
#ifndef TILEWRIGHT_ARG_EXTREME_H_
#define TILEWRIGHT_ARG_EXTREME_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t smallest; /* 1: of the smallest element, 0: of the largest */
  uint32_t last;     /* 1: the last of equals, 0: the first */
} tw_arg_extreme_f32_parameters;

/* output = the index of the most extreme element along the axis. NaN is more extreme than any
 * number. */
void tw_arg_extreme_f32(const tw_arg_extreme_f32_parameters *parameters, const float *input,
                        int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t smallest; /* 1: of the smallest element, 0: of the largest */
  uint32_t last;     /* 1: the last of equals, 0: the first */
} tw_arg_extreme_s32_parameters;

/* output = the index of the most extreme element along the axis. */
void tw_arg_extreme_s32(const tw_arg_extreme_s32_parameters *parameters, const int32_t *input,
                        int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t smallest; /* 1: of the smallest element, 0: of the largest */
  uint32_t last;     /* 1: the last of equals, 0: the first */
} tw_arg_extreme_s8_parameters;

/* output = the index of the most extreme element along the axis. */
void tw_arg_extreme_s8(const tw_arg_extreme_s8_parameters *parameters, const int8_t *input,
                       int32_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_ARG_EXTREME_H_ */
