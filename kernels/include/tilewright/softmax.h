/* Softmax along one axis. Tensors are [outer][extent][inner]; the axis is in the middle. */
#ifndef TILEWRIGHT_SOFTMAX_H_
#define TILEWRIGHT_SOFTMAX_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
  uint32_t scale; /* 1 / s_y, below 2^16 */
  uint32_t shift; /* fractional bits of scale, plus 31 */
  int32_t output_zero_point;
} tw_softmax_s8_parameters;

/* output[j] = clip(e[j] / (sum of e) / s_y + output_zero_point) with e[j] =
 * exponentials[largest - input[j]]; docs/numerics.md defines the arithmetic.
 *
 * exponentials: [256], with 24 fractional bits. At most 32,768 elements along the axis. */
void tw_softmax_s8(const tw_softmax_s8_parameters *parameters, const int8_t *input,
                   const uint32_t exponentials[256], int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_softmax_f32_parameters;

/* output[j] = e[j] * (1 / sum of e), e[j] = exp(input[j] - largest), summed for ascending j. */
void tw_softmax_f32(const tw_softmax_f32_parameters *parameters, const float *input, float *output,
                    uint32_t core, uint32_t cores);

typedef struct {
  uint32_t outer;
  uint32_t extent;
  uint32_t inner;
} tw_log_softmax_f32_parameters;

/* output[j] = (input[j] - largest) - log(sum of exp(input[j] - largest)), ascending j. */
void tw_log_softmax_f32(const tw_log_softmax_f32_parameters *parameters, const float *input,
                        float *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_SOFTMAX_H_ */
