/* Softmax of rows in integers; results are stored minus 128. */
#ifndef TILEWRIGHT_INTEGER_SOFTMAX_H_
#define TILEWRIGHT_INTEGER_SOFTMAX_H_

#include <stdint.h>

typedef struct {
  uint32_t rows;
  uint32_t elements; /* of a row */
  uint32_t largest;  /* result of a row's only element, at most 255 */
} tw_table_softmax_s8_parameters;

/* output[i] = floor(e[i] * largest / sum(e)) - 128 with e[i] = table[max(row) - input[i]].
 *
 * input, output: [rows][elements]. table: not negative, and the first entry positive. */
void tw_table_softmax_s8(const tw_table_softmax_s8_parameters *parameters, const int8_t *input,
                         const int32_t table[256], int8_t *output, uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t elements; /* of a row, at most 2^23 */
  uint32_t largest;  /* at most 255 */
} tw_ita_max_s8_parameters;

/* output[i] = (largest * 256 / sum(256 >> s) >> s[i]) - 128, s[i] = (max(row) - input[i] + 16)
 * >> 5.
 *
 * input, output: [rows][elements]. */
void tw_ita_max_s8(const tw_ita_max_s8_parameters *parameters, const int8_t *input, int8_t *output,
                   uint32_t core, uint32_t cores);

typedef struct {
  uint32_t rows;
  uint32_t elements; /* of a row, at most 2^23 */
  uint32_t largest;  /* at most 255 */
  uint32_t group;
} tw_ita_partial_max_s8_parameters;

/* tw_ita_max_s8 with a sum that is made group by group: when one raises the maximum by d, the sum
 * so far is shifted right by (d + 16) >> 5. The maximum is -128 before the first group. */
void tw_ita_partial_max_s8(const tw_ita_partial_max_s8_parameters *parameters, const int8_t *input,
                           int8_t *output, uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_INTEGER_SOFTMAX_H_ */
