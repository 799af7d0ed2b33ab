/* Operations that move elements without changing them. */
#ifndef TILEWRIGHT_MOVEMENT_H_
#define TILEWRIGHT_MOVEMENT_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;      /* of the output */
  uint32_t element_bytes; /* 1, 2 or 4 */
  int32_t offset;         /* of the input element that is output element 0 */
  uint32_t extents[6];    /* of the output, see strided.h */
  int32_t strides[6];     /* of the input, in elements; may be negative */
} tw_strided_copy_parameters;

/* output[i0]...[i5] = input[offset + sum of i * strides]: transposes, slices, expands. */
void tw_strided_copy(const tw_strided_copy_parameters *parameters, const void *input, void *output,
                     uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t row_bytes[4]; /* of each input, 0 for an absent one */
} tw_concatenate_parameters;

/* Every output row is the inputs' rows one after the other; absent inputs are NULL. */
void tw_concatenate(const tw_concatenate_parameters *parameters, const void *input0,
                    const void *input1, const void *input2, const void *input3, void *output,
                    uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;         /* of the output */
  uint32_t element_bytes;    /* 1, 2 or 4 */
  uint32_t fill;             /* the bits of one element, in the low bytes */
  uint32_t extents[6];       /* of the output */
  int32_t begins[6];         /* index in the output of the input's first element */
  uint32_t input_extents[6]; /* of the input */
} tw_pad_parameters;

/* output[i0]...[i5] = input[i0 - begins[0]]...[i5 - begins[5]], or `fill` outside of the input. */
void tw_pad(const tw_pad_parameters *parameters, const void *input, void *output, uint32_t core,
            uint32_t cores);

#endif /* TILEWRIGHT_MOVEMENT_H_ */
