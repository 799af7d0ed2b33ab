/* Reductions of one axis (or neighbouring ones, which are one). The input is
 * [outer][extent][inner], the output [outer][inner]; elements are taken in ascending order. */
#ifndef TILEWRIGHT_REDUCTION_H_
#define TILEWRIGHT_REDUCTION_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_sum_f32_parameters;

/* output = the sum, from 0. */
void tw_reduce_sum_f32(const tw_reduce_sum_f32_parameters *parameters, const float *input,
                       float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_sum_s32_parameters;

/* output = the sum modulo 2^32. */
void tw_reduce_sum_s32(const tw_reduce_sum_s32_parameters *parameters, const int32_t *input,
                       int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_product_f32_parameters;

/* output = the product, from 1. */
void tw_reduce_product_f32(const tw_reduce_product_f32_parameters *parameters, const float *input,
                           float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_product_s32_parameters;

/* output = the product modulo 2^32. */
void tw_reduce_product_s32(const tw_reduce_product_s32_parameters *parameters, const int32_t *input,
                           int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_l1_f32_parameters;

/* output = the sum of magnitudes, from 0. */
void tw_reduce_l1_f32(const tw_reduce_l1_f32_parameters *parameters, const float *input,
                      float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_l2_f32_parameters;

/* output = the square root of the sum of squares, from 0. */
void tw_reduce_l2_f32(const tw_reduce_l2_f32_parameters *parameters, const float *input,
                      float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_square_sum_f32_parameters;

/* output = the sum of squares, from 0. */
void tw_reduce_square_sum_f32(const tw_reduce_square_sum_f32_parameters *parameters,
                              const float *input, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_maximum_f32_parameters;

/* output = the largest element; the first of equals, and NaN if there is one. */
void tw_reduce_maximum_f32(const tw_reduce_maximum_f32_parameters *parameters, const float *input,
                           float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_maximum_s32_parameters;

/* output = the largest element. */
void tw_reduce_maximum_s32(const tw_reduce_maximum_s32_parameters *parameters, const int32_t *input,
                           int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_maximum_s8_parameters;

/* output = the largest element. */
void tw_reduce_maximum_s8(const tw_reduce_maximum_s8_parameters *parameters, const int8_t *input,
                          int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_minimum_f32_parameters;

/* output = the smallest element; the first of equals, and NaN if there is one. */
void tw_reduce_minimum_f32(const tw_reduce_minimum_f32_parameters *parameters, const float *input,
                           float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_minimum_s32_parameters;

/* output = the smallest element. */
void tw_reduce_minimum_s32(const tw_reduce_minimum_s32_parameters *parameters, const int32_t *input,
                           int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_reduce_minimum_s8_parameters;

/* output = the smallest element. */
void tw_reduce_minimum_s8(const tw_reduce_minimum_s8_parameters *parameters, const int8_t *input,
                          int8_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_REDUCTION_H_ */
