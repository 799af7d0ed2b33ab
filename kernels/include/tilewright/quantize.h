/* Conversion between float32 and 8 or 16-bit integers, and between uint8 and int8. */
#ifndef TILEWRIGHT_QUANTIZE_H_
#define TILEWRIGHT_QUANTIZE_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  float scale;
  int32_t zero_point;
} tw_quantize_parameters;

/* output[i] = clip(round_half_even(input[i] / scale) + zero_point); NaN becomes the lowest step. */
void tw_quantize(const tw_quantize_parameters *parameters, const float *input, int8_t *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float scale;
  int32_t zero_point;
} tw_quantize_s16_parameters;

/* The same with 16 bits. */
void tw_quantize_s16(const tw_quantize_s16_parameters *parameters, const float *input,
                     int16_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float scale;
  int32_t zero_point;
} tw_quantize_u16_parameters;

/* The same with 16 bits, unsigned. */
void tw_quantize_u16(const tw_quantize_u16_parameters *parameters, const float *input,
                     uint16_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float scale;
  int32_t zero_point;
} tw_dequantize_parameters;

/* output[i] = (float)(input[i] - zero_point) * scale. */
void tw_dequantize(const tw_dequantize_parameters *parameters, const int8_t *input, float *output,
                   uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float scale;
  int32_t zero_point;
} tw_dequantize_s16_parameters;

/* The same with 16 bits. */
void tw_dequantize_s16(const tw_dequantize_s16_parameters *parameters, const int16_t *input,
                       float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float scale;
  int32_t zero_point;
} tw_dequantize_u16_parameters;

/* The same with 16 bits, unsigned. */
void tw_dequantize_u16(const tw_dequantize_u16_parameters *parameters, const uint16_t *input,
                       float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_recode_parameters;

/* output[i] = input[i] ^ 0x80: uint8 to the int8 of the same real value, and back. */
void tw_recode(const tw_recode_parameters *parameters, const void *input, void *output,
               uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_QUANTIZE_H_ */
