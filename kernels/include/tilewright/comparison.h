/* Comparisons of two tensors, and functions of two bools, with broadcasting. A bool is a byte that
 * is 0 or 1. */
#ifndef TILEWRIGHT_COMPARISON_H_
#define TILEWRIGHT_COMPARISON_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_less_f32_parameters;

/* output = left < right, as 0 or 1; 0 if one is NaN. */
void tw_less_f32(const tw_less_f32_parameters *parameters, const float *left, const float *right,
                 uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_less_s32_parameters;

/* output = left < right, as 0 or 1. */
void tw_less_s32(const tw_less_s32_parameters *parameters, const int32_t *left,
                 const int32_t *right, uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_less_or_equal_f32_parameters;

/* output = left <= right, as 0 or 1; 0 if one is NaN. */
void tw_less_or_equal_f32(const tw_less_or_equal_f32_parameters *parameters, const float *left,
                          const float *right, uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_less_or_equal_s32_parameters;

/* output = left <= right, as 0 or 1. */
void tw_less_or_equal_s32(const tw_less_or_equal_s32_parameters *parameters, const int32_t *left,
                          const int32_t *right, uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_equal_f32_parameters;

/* output = left == right, as 0 or 1; 0 if one is NaN. */
void tw_equal_f32(const tw_equal_f32_parameters *parameters, const float *left, const float *right,
                  uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_equal_s32_parameters;

/* output = left == right, as 0 or 1. */
void tw_equal_s32(const tw_equal_s32_parameters *parameters, const int32_t *left,
                  const int32_t *right, uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_equal_u8_parameters;

/* output = left == right, as 0 or 1. */
void tw_equal_u8(const tw_equal_u8_parameters *parameters, const uint8_t *left,
                 const uint8_t *right, uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_and_u8_parameters;

/* output = left & right, as 0 or 1. */
void tw_and_u8(const tw_and_u8_parameters *parameters, const uint8_t *left, const uint8_t *right,
               uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_or_u8_parameters;

/* output = left | right, as 0 or 1. */
void tw_or_u8(const tw_or_u8_parameters *parameters, const uint8_t *left, const uint8_t *right,
              uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_xor_u8_parameters;

/* output = left ^ right, as 0 or 1. */
void tw_xor_u8(const tw_xor_u8_parameters *parameters, const uint8_t *left, const uint8_t *right,
               uint8_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_COMPARISON_H_ */
