/* Functions of two tensors with broadcasting. The output may be the memory of an operand that has
 * its shape. */
#ifndef TILEWRIGHT_BINARY_H_
#define TILEWRIGHT_BINARY_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
  int32_t left_scale;
  int32_t right_scale;
  int32_t bias;
  uint32_t shift;
  int32_t low;
  int32_t high;
} tw_add_s8_parameters;

/* output = clip((left * left_scale + right * right_scale + bias) >> shift, low, high). */
void tw_add_s8(const tw_add_s8_parameters *parameters, const int8_t *left, const int8_t *right,
               int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
  int32_t left_zero_point;
  int32_t right_zero_point;
  int32_t scale;
  int32_t bias;
  uint32_t shift;
  int32_t low;
  int32_t high;
} tw_multiply_s8_parameters;

/* output = clip(((left - left_zero_point) * (right - right_zero_point) * scale + bias) >> shift,
 * low, high). */
void tw_multiply_s8(const tw_multiply_s8_parameters *parameters, const int8_t *left,
                    const int8_t *right, int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
  float minimum;
  float maximum;
} tw_add_f32_parameters;

/* output = clip(left + right). */
void tw_add_f32(const tw_add_f32_parameters *parameters, const float *left, const float *right,
                float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
  float minimum;
  float maximum;
} tw_subtract_f32_parameters;

/* output = clip(left - right). */
void tw_subtract_f32(const tw_subtract_f32_parameters *parameters, const float *left,
                     const float *right, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
  float minimum;
  float maximum;
} tw_multiply_f32_parameters;

/* output = clip(left * right). */
void tw_multiply_f32(const tw_multiply_f32_parameters *parameters, const float *left,
                     const float *right, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_add_s32_parameters;

/* output = left + right modulo 2^32. */
void tw_add_s32(const tw_add_s32_parameters *parameters, const int32_t *left, const int32_t *right,
                int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_subtract_s32_parameters;

/* output = left - right modulo 2^32. */
void tw_subtract_s32(const tw_subtract_s32_parameters *parameters, const int32_t *left,
                     const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_multiply_s32_parameters;

/* output = left * right modulo 2^32. */
void tw_multiply_s32(const tw_multiply_s32_parameters *parameters, const int32_t *left,
                     const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_BINARY_H_ */
