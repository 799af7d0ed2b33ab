/* The most extreme elements along one axis. The input is [outer][extent][inner], the outputs are
 * [outer][count][inner]. */
#ifndef TILEWRIGHT_TOP_K_H_
#define TILEWRIGHT_TOP_K_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t count;    /* 1 to extent */
  uint32_t smallest; /* 1: the smallest elements, 0: the largest */
} tw_top_k_f32_parameters;

/* values, indices = the `count` first elements in order: the most extreme one first, equal ones by
 * ascending index. NaN comes before any number. */
void tw_top_k_f32(const tw_top_k_f32_parameters *parameters, const float *input, float *values,
                  int32_t *indices, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t count;    /* 1 to extent */
  uint32_t smallest; /* 1: the smallest elements, 0: the largest */
} tw_top_k_s32_parameters;

/* values, indices = the `count` first elements in order: the most extreme one first, equal ones by
 * ascending index. */
void tw_top_k_s32(const tw_top_k_s32_parameters *parameters, const int32_t *input, int32_t *values,
                  int32_t *indices, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t count;    /* 1 to extent */
  uint32_t smallest; /* 1: the smallest elements, 0: the largest */
} tw_top_k_s8_parameters;

/* values, indices = the `count` first elements in order: the most extreme one first, equal ones by
 * ascending index. */
void tw_top_k_s8(const tw_top_k_s8_parameters *parameters, const int8_t *input, int8_t *values,
                 int32_t *indices, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_TOP_K_H_ */
