/* Choice between two tensors, with broadcasting. The output may be the memory of a tensor chosen
 * from that has its shape. */
#ifndef TILEWRIGHT_WHERE_H_
#define TILEWRIGHT_WHERE_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t condition_strides[6];
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_where_8_parameters;

/* output = condition ? left : right, for elements of 8 bits. */
void tw_where_8(const tw_where_8_parameters *parameters, const uint8_t *condition, const void *left,
                const void *right, void *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t extents[6]; /* of the output, see strided.h */
  int32_t condition_strides[6];
  int32_t left_strides[6];
  int32_t right_strides[6];
} tw_where_32_parameters;

/* output = condition ? left : right, for elements of 32 bits. */
void tw_where_32(const tw_where_32_parameters *parameters, const uint8_t *condition,
                 const void *left, const void *right, void *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_WHERE_H_ */
