/* Functions of two tensors with broadcasting that have no further parameters. The output may be the
 * memory of an operand that has its shape. */
#ifndef TILEWRIGHT_BINARY_FUNCTION_H_
#define TILEWRIGHT_BINARY_FUNCTION_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_divide_f32_parameters;

/* output = left / right. */
void tw_divide_f32(const tw_divide_f32_parameters *parameters, const float *left,
                   const float *right, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_divide_s32_parameters;

/* output = left / right, rounded towards zero; 0 if right is 0, and -2^31 / -1 is -2^31. */
void tw_divide_s32(const tw_divide_s32_parameters *parameters, const int32_t *left,
                   const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_power_f32_parameters;

/* output = left to the power of right, see power.h. */
void tw_power_f32(const tw_power_f32_parameters *parameters, const float *left, const float *right,
                  float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* output = left^right modulo 2^32; 0 for a negative exponent unless left is
                          1 or -1. */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_power_s32_parameters;

/* output = left to the power of right, see power.h. */
void tw_power_s32(const tw_power_s32_parameters *parameters, const int32_t *left,
                  const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_remainder_f32_parameters;

/* output = left - n * right, exactly, n the quotient rounded towards zero; NaN if right is 0 or
 * left infinite. */
void tw_remainder_f32(const tw_remainder_f32_parameters *parameters, const float *left,
                      const float *right, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_minimum_f32_parameters;

/* output = the smaller operand; NaN if one is NaN. */
void tw_minimum_f32(const tw_minimum_f32_parameters *parameters, const float *left,
                    const float *right, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_minimum_s32_parameters;

/* output = the smaller operand. */
void tw_minimum_s32(const tw_minimum_s32_parameters *parameters, const int32_t *left,
                    const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_minimum_s8_parameters;

/* output = the smaller operand. */
void tw_minimum_s8(const tw_minimum_s8_parameters *parameters, const int8_t *left,
                   const int8_t *right, int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_maximum_f32_parameters;

/* output = the larger operand; NaN if one is NaN. */
void tw_maximum_f32(const tw_maximum_f32_parameters *parameters, const float *left,
                    const float *right, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_maximum_s32_parameters;

/* output = the larger operand. */
void tw_maximum_s32(const tw_maximum_s32_parameters *parameters, const int32_t *left,
                    const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_maximum_s8_parameters;

/* output = the larger operand. */
void tw_maximum_s8(const tw_maximum_s8_parameters *parameters, const int8_t *left,
                   const int8_t *right, int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_modulo_s32_parameters;

/* output = left - right * floor(left / right): has the sign of right; 0 if right is 0. */
void tw_modulo_s32(const tw_modulo_s32_parameters *parameters, const int32_t *left,
                   const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_remainder_s32_parameters;

/* output = left - right * truncate(left / right): has the sign of left; 0 if right is 0. */
void tw_remainder_s32(const tw_remainder_s32_parameters *parameters, const int32_t *left,
                      const int32_t *right, int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_parametric_relu_f32_parameters;

/* output = left < 0 ? left * right : left. */
void tw_parametric_relu_f32(const tw_parametric_relu_f32_parameters *parameters, const float *left,
                            const float *right, float *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_BINARY_FUNCTION_H_ */
