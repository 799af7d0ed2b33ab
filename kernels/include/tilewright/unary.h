/* Elementary functions and smooth activations of float32; those of int8 are tables. Input and
 * output may be the same memory. Accuracy is stated in elementary.h and
 * trigonometry.h. */
#ifndef TILEWRIGHT_UNARY_H_
#define TILEWRIGHT_UNARY_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
} tw_exp_f32_parameters;

/* output[i] = exp(input[i]). */
void tw_exp_f32(const tw_exp_f32_parameters *parameters, const float *input, float *output,
                uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_log_f32_parameters;

/* output[i] = ln(input[i]). */
void tw_log_f32(const tw_log_f32_parameters *parameters, const float *input, float *output,
                uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_sqrt_f32_parameters;

/* output[i] = the square root of input[i], correctly rounded. */
void tw_sqrt_f32(const tw_sqrt_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_reciprocal_f32_parameters;

/* output[i] = 1 / input[i]. */
void tw_reciprocal_f32(const tw_reciprocal_f32_parameters *parameters, const float *input,
                       float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_erf_f32_parameters;

/* output[i] = erf(input[i]). */
void tw_erf_f32(const tw_erf_f32_parameters *parameters, const float *input, float *output,
                uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_tanh_f32_parameters;

/* output[i] = tanh(input[i]). */
void tw_tanh_f32(const tw_tanh_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_sigmoid_f32_parameters;

/* output[i] = 1 / (1 + exp(-input[i])). */
void tw_sigmoid_f32(const tw_sigmoid_f32_parameters *parameters, const float *input, float *output,
                    uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_softplus_f32_parameters;

/* output[i] = ln(1 + exp(input[i])). */
void tw_softplus_f32(const tw_softplus_f32_parameters *parameters, const float *input,
                     float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float alpha;
} tw_swish_f32_parameters;

/* output[i] = input[i] * sigmoid(alpha * input[i]). */
void tw_swish_f32(const tw_swish_f32_parameters *parameters, const float *input, float *output,
                  uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_mish_f32_parameters;

/* output[i] = input[i] * tanh(softplus(input[i])). */
void tw_mish_f32(const tw_mish_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float alpha;
} tw_elu_f32_parameters;

/* output[i] = input[i] < 0 ? alpha * (exp(input[i]) - 1) : input[i]. */
void tw_elu_f32(const tw_elu_f32_parameters *parameters, const float *input, float *output,
                uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_gelu_f32_parameters;

/* output[i] = input[i] / 2 * (1 + erf(input[i] / sqrt(2))). */
void tw_gelu_f32(const tw_gelu_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_gelu_tanh_f32_parameters;

/* output[i] = input[i] / 2 * (1 + tanh(sqrt(2 / pi) * (input[i] + 0.044715 * input[i]^3))). */
void tw_gelu_tanh_f32(const tw_gelu_tanh_f32_parameters *parameters, const float *input,
                      float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  float alpha;
  float beta;
} tw_hard_sigmoid_f32_parameters;

/* output[i] = alpha * input[i] + beta, saturated to [0, 1]. */
void tw_hard_sigmoid_f32(const tw_hard_sigmoid_f32_parameters *parameters, const float *input,
                         float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_hard_swish_f32_parameters;

/* output[i] = input[i] * hard_sigmoid(input[i]) with alpha = 1/6, beta = 1/2. */
void tw_hard_swish_f32(const tw_hard_swish_f32_parameters *parameters, const float *input,
                       float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_negate_f32_parameters;

/* output[i] = -input[i]. */
void tw_negate_f32(const tw_negate_f32_parameters *parameters, const float *input, float *output,
                   uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_absolute_f32_parameters;

/* output[i] = |input[i]|. */
void tw_absolute_f32(const tw_absolute_f32_parameters *parameters, const float *input,
                     float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_floor_f32_parameters;

/* output[i] = input[i] rounded down. */
void tw_floor_f32(const tw_floor_f32_parameters *parameters, const float *input, float *output,
                  uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_ceil_f32_parameters;

/* output[i] = input[i] rounded up. */
void tw_ceil_f32(const tw_ceil_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_round_f32_parameters;

/* output[i] = input[i] rounded to an integer, half to even. */
void tw_round_f32(const tw_round_f32_parameters *parameters, const float *input, float *output,
                  uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_sign_f32_parameters;

/* output[i] = -1, 0 or 1 with the sign of input[i]; NaN stays NaN. */
void tw_sign_f32(const tw_sign_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_negate_s32_parameters;

/* output[i] = -input[i] modulo 2^32. */
void tw_negate_s32(const tw_negate_s32_parameters *parameters, const int32_t *input,
                   int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_absolute_s32_parameters;

/* output[i] = |input[i]|; -2^31 stays. */
void tw_absolute_s32(const tw_absolute_s32_parameters *parameters, const int32_t *input,
                     int32_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_sign_s32_parameters;

/* output[i] = -1, 0 or 1 with the sign of input[i]. */
void tw_sign_s32(const tw_sign_s32_parameters *parameters, const int32_t *input, int32_t *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_not_u8_parameters;

/* output[i] = 1 if input[i] is 0, else 0. */
void tw_not_u8(const tw_not_u8_parameters *parameters, const uint8_t *input, uint8_t *output,
               uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_sine_f32_parameters;

/* output[i] = sin(input[i]). */
void tw_sine_f32(const tw_sine_f32_parameters *parameters, const float *input, float *output,
                 uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_cosine_f32_parameters;

/* output[i] = cos(input[i]). */
void tw_cosine_f32(const tw_cosine_f32_parameters *parameters, const float *input, float *output,
                   uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_tangent_f32_parameters;

/* output[i] = tan(input[i]). */
void tw_tangent_f32(const tw_tangent_f32_parameters *parameters, const float *input, float *output,
                    uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_arc_sine_f32_parameters;

/* output[i] = asin(input[i]). */
void tw_arc_sine_f32(const tw_arc_sine_f32_parameters *parameters, const float *input,
                     float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_arc_cosine_f32_parameters;

/* output[i] = acos(input[i]). */
void tw_arc_cosine_f32(const tw_arc_cosine_f32_parameters *parameters, const float *input,
                       float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_arc_tangent_f32_parameters;

/* output[i] = atan(input[i]). */
void tw_arc_tangent_f32(const tw_arc_tangent_f32_parameters *parameters, const float *input,
                        float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_hyperbolic_sine_f32_parameters;

/* output[i] = sinh(input[i]). */
void tw_hyperbolic_sine_f32(const tw_hyperbolic_sine_f32_parameters *parameters, const float *input,
                            float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_hyperbolic_cosine_f32_parameters;

/* output[i] = cosh(input[i]). */
void tw_hyperbolic_cosine_f32(const tw_hyperbolic_cosine_f32_parameters *parameters,
                              const float *input, float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_inverse_hyperbolic_sine_f32_parameters;

/* output[i] = asinh(input[i]). */
void tw_inverse_hyperbolic_sine_f32(const tw_inverse_hyperbolic_sine_f32_parameters *parameters,
                                    const float *input, float *output, uint32_t core,
                                    uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_inverse_hyperbolic_cosine_f32_parameters;

/* output[i] = acosh(input[i]). */
void tw_inverse_hyperbolic_cosine_f32(const tw_inverse_hyperbolic_cosine_f32_parameters *parameters,
                                      const float *input, float *output, uint32_t core,
                                      uint32_t cores);

typedef struct {
  uint32_t elements;
} tw_inverse_hyperbolic_tangent_f32_parameters;

/* output[i] = atanh(input[i]). */
void tw_inverse_hyperbolic_tangent_f32(
    const tw_inverse_hyperbolic_tangent_f32_parameters *parameters, const float *input,
    float *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_UNARY_H_ */
