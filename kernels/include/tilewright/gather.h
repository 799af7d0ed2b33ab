/* Gathering slices by index. */
#ifndef TILEWRIGHT_GATHER_H_
#define TILEWRIGHT_GATHER_H_

#include <stdint.h>

typedef struct {
  uint32_t outer;       /* product of the extents before the axis */
  uint32_t extent;      /* of the axis */
  uint32_t indices;     /* number of indices */
  uint32_t slice_bytes; /* product of the extents after the axis, in bytes */
} tw_gather_parameters;

/* output[o][i] = data[o][indices[i]], a slice of slice_bytes bytes. A negative index counts from
 * the end; after that, an index is limited to [0, extent). */
void tw_gather(const tw_gather_parameters *parameters, const void *data, const int32_t *indices,
               void *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_GATHER_H_ */
