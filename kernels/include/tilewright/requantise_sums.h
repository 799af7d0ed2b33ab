/* The end of int8 kernels that compute a few sums at a time. */
#ifndef TILEWRIGHT_REQUANTISE_SUMS_H_
#define TILEWRIGHT_REQUANTISE_SUMS_H_

#include <stdint.h>

/* What all outputs of a kernel share; fields as in the kernels' parameters. */
typedef struct {
  uint32_t shift;
  int32_t low;
  int32_t high;
  uint32_t wide;
  int32_t output_zero_point;
} tw_requantisation;

/* The tw_requantisation of a kernel's parameters. */
#define TW_REQUANTISATION(parameters)                                              \
  {(parameters)->shift, (parameters)->low, (parameters)->high, (parameters)->wide, \
   (parameters)->output_zero_point}

/* output[i] = requantise(sums[i], scale[i], bias[i]) for `count` sums. */
void tw_requantise_sums(const tw_requantisation *requantisation, const int32_t *sums,
                        const uint32_t *scale, const int32_t *bias, uint32_t count, int8_t *output);

#endif /* TILEWRIGHT_REQUANTISE_SUMS_H_ */
