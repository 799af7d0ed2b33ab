/* Conversions between element types. */
#ifndef TILEWRIGHT_CAST_H_
#define TILEWRIGHT_CAST_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
} tw_cast_s32_f32_parameters;

/* output[i] = input[i], rounded half to even. */
void tw_cast_s32_f32(const tw_cast_s32_f32_parameters *parameters, const int32_t *input,
                     float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s8_f32_parameters;

/* output[i] = input[i]. */
void tw_cast_s8_f32(const tw_cast_s8_f32_parameters *parameters, const int8_t *input, float *output,
                    uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_u8_f32_parameters;

/* output[i] = input[i]. */
void tw_cast_u8_f32(const tw_cast_u8_f32_parameters *parameters, const uint8_t *input,
                    float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_f32_s32_parameters;

/* output[i] = input[i], rounded towards zero and saturated; NaN becomes 0. */
void tw_cast_f32_s32(const tw_cast_f32_s32_parameters *parameters, const float *input,
                     int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s8_s32_parameters;

/* output[i] = input[i]. */
void tw_cast_s8_s32(const tw_cast_s8_s32_parameters *parameters, const int8_t *input,
                    int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_u8_s32_parameters;

/* output[i] = input[i]. */
void tw_cast_u8_s32(const tw_cast_u8_s32_parameters *parameters, const uint8_t *input,
                    int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s32_bool_parameters;

/* output[i] = input[i], 1 if it is not 0. */
void tw_cast_s32_bool(const tw_cast_s32_bool_parameters *parameters, const int32_t *input,
                      uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s16_s32_parameters;

/* output[i] = input[i]. */
void tw_cast_s16_s32(const tw_cast_s16_s32_parameters *parameters, const int16_t *input,
                     int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_u16_s32_parameters;

/* output[i] = input[i]. */
void tw_cast_u16_s32(const tw_cast_u16_s32_parameters *parameters, const uint16_t *input,
                     int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s32_s8_parameters;

/* output[i] = input[i] modulo 2^8. */
void tw_cast_s32_s8(const tw_cast_s32_s8_parameters *parameters, const int32_t *input,
                    int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s32_u8_parameters;

/* output[i] = input[i] modulo 2^8. */
void tw_cast_s32_u8(const tw_cast_s32_u8_parameters *parameters, const int32_t *input,
                    uint8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s32_s16_parameters;

/* output[i] = input[i] modulo 2^16. */
void tw_cast_s32_s16(const tw_cast_s32_s16_parameters *parameters, const int32_t *input,
                     int16_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_s32_u16_parameters;

/* output[i] = input[i] modulo 2^16. */
void tw_cast_s32_u16(const tw_cast_s32_u16_parameters *parameters, const int32_t *input,
                     uint16_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cast_f32_bool_parameters;

/* output[i] = input[i], 1 if it is not 0; NaN is not 0. */
void tw_cast_f32_bool(const tw_cast_f32_bool_parameters *parameters, const float *input,
                      uint8_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_CAST_H_ */
