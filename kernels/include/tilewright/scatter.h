/* Reading elements and writing slices, each at an index of its own. */
#ifndef TILEWRIGHT_SCATTER_H_
#define TILEWRIGHT_SCATTER_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;      /* of the output */
  uint32_t element_bytes; /* 1, 2 or 4 */
  uint32_t axis;          /* of the 6 axes below */
  uint32_t extents[6];    /* of the output and the indices */
  uint32_t data_extents[6];
} tw_gather_elements_parameters;

/* output[i0]...[i5] = data[i0]...[i5] with the index on the axis replaced by
 * indices[i0]...[i5]. A negative index counts from the end; after that, it is limited to the axis.
 */
void tw_gather_elements(const tw_gather_elements_parameters *parameters, const void *data,
                        const int32_t *indices, void *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t slices;      /* number of slices written */
  uint32_t depth;       /* axes that an index has, at most 6 */
  uint32_t slice_bytes; /* product of the other extents, in bytes */
  uint32_t data_bytes;  /* of the whole output */
  uint32_t extents[6];  /* of the indexed axes */
} tw_scatter_nd_parameters;

/* output = data, then output[indices[s]] = updates[s] for every slice s in order. A negative index
 * counts from the end; slices outside of the output are not written. */
void tw_scatter_nd(const tw_scatter_nd_parameters *parameters, const void *data,
                   const int32_t *indices, const void *updates, void *output, uint32_t core,
                   uint32_t cores);

#endif /* TILEWRIGHT_SCATTER_H_ */
