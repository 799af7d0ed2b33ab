/* A kernel for the tests of code generation: it updates in place and needs scratch memory. */
#ifndef TEST_KERNELS_H_
#define TEST_KERNELS_H_

#include <stdint.h>

typedef struct {
  uint32_t rows;
  uint32_t width;
} tw_test_write_row_parameters;

/* updated is history: its last row becomes row. scratch: [width]. */
void tw_test_write_row(const tw_test_write_row_parameters *parameters, const int8_t *history,
                       const int8_t *row, int8_t *updated, void *scratch, uint32_t core,
                       uint32_t cores);

#endif /* TEST_KERNELS_H_ */
