/* Copies of whole tensors. */
#ifndef TILEWRIGHT_COPY_H_
#define TILEWRIGHT_COPY_H_

#include <stdint.h>

typedef struct {
  uint32_t bytes;
} tw_copy_parameters;

/* output[i] = input[i]; the two do not overlap. */
void tw_copy(const tw_copy_parameters *parameters, const void *input, void *output, uint32_t core,
             uint32_t cores);

#endif /* TILEWRIGHT_COPY_H_ */
