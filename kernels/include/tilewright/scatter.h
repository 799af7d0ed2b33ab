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

/* What an update does to the element that is there. */
enum { TW_SCATTER_REPLACE, TW_SCATTER_ADD, TW_SCATTER_MULTIPLY, TW_SCATTER_MAX, TW_SCATTER_MIN };

typedef struct {
  uint32_t slices;         /* number of slices written */
  uint32_t depth;          /* axes that an index has, at most 6 */
  uint32_t slice_elements; /* product of the other extents */
  uint32_t data_elements;  /* of the whole output */
  uint32_t extents[6];     /* of the indexed axes */
  uint32_t reduction;      /* TW_SCATTER_..., but not TW_SCATTER_REPLACE */
} tw_scatter_nd_f32_parameters;

/* As tw_scatter_nd, but updates are combined with what is there, in order. */
void tw_scatter_nd_f32(const tw_scatter_nd_f32_parameters *parameters, const float *data,
                       const int32_t *indices, const float *updates, float *output, uint32_t core,
                       uint32_t cores);

typedef struct {
  uint32_t slices;         /* number of slices written */
  uint32_t depth;          /* axes that an index has, at most 6 */
  uint32_t slice_elements; /* product of the other extents */
  uint32_t data_elements;  /* of the whole output */
  uint32_t extents[6];     /* of the indexed axes */
  uint32_t reduction;      /* TW_SCATTER_..., but not TW_SCATTER_REPLACE */
} tw_scatter_nd_s32_parameters;

/* As tw_scatter_nd_f32; sums and products modulo 2^32. */
void tw_scatter_nd_s32(const tw_scatter_nd_s32_parameters *parameters, const int32_t *data,
                       const int32_t *indices, const int32_t *updates, int32_t *output,
                       uint32_t core, uint32_t cores);

typedef struct {
  uint32_t updates;       /* elements of the indices and the updates */
  uint32_t data_elements; /* of the output */
  uint32_t element_bytes; /* 1, 2 or 4 */
  uint32_t axis;          /* of the 6 axes below */
  uint32_t extents[6];    /* of the indices and the updates */
  uint32_t data_extents[6];
} tw_scatter_elements_parameters;

/* output = data, then, for each i in order, output[i with i[axis] replaced by indices[i]] =
 * updates[i]. A negative index counts from the end; elements outside of the output are not
 * written. */
void tw_scatter_elements(const tw_scatter_elements_parameters *parameters, const void *data,
                         const int32_t *indices, const void *updates, void *output, uint32_t core,
                         uint32_t cores);

typedef struct {
  uint32_t updates;       /* elements of the indices and the updates */
  uint32_t data_elements; /* of the output */
  uint32_t axis;          /* of the 6 axes below */
  uint32_t extents[6];    /* of the indices and the updates */
  uint32_t data_extents[6];
  uint32_t reduction; /* TW_SCATTER_..., but not TW_SCATTER_REPLACE */
} tw_scatter_elements_f32_parameters;

/* As tw_scatter_elements, but updates are combined with what is there. */
void tw_scatter_elements_f32(const tw_scatter_elements_f32_parameters *parameters,
                             const float *data, const int32_t *indices, const float *updates,
                             float *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t updates;       /* elements of the indices and the updates */
  uint32_t data_elements; /* of the output */
  uint32_t axis;          /* of the 6 axes below */
  uint32_t extents[6];    /* of the indices and the updates */
  uint32_t data_extents[6];
  uint32_t reduction; /* TW_SCATTER_..., but not TW_SCATTER_REPLACE */
} tw_scatter_elements_s32_parameters;

/* As tw_scatter_elements_f32; sums and products modulo 2^32. */
void tw_scatter_elements_s32(const tw_scatter_elements_s32_parameters *parameters,
                             const int32_t *data, const int32_t *indices, const int32_t *updates,
                             int32_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_SCATTER_H_ */
