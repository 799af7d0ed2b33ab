/* Integers times a factor, plus an addend, shifted right and saturated: RequantShift. */
#ifndef TILEWRIGHT_REQUANTISE_SHIFT_H_
#define TILEWRIGHT_REQUANTISE_SHIFT_H_

#include <stdint.h>

typedef struct {
  uint32_t elements;
  uint32_t channels;
  uint32_t inner; /* consecutive elements of one channel */
  uint32_t shift; /* below 63 */
  int32_t low;
  int32_t high;
  int32_t zero_point;
} tw_requantise_shift_s8_parameters;

/* output[i] = clip(((input[i] * factor + addend) >> shift) + zero_point, low, high), in 64 bits,
 * with the constants of channel i / inner % channels.
 *
 * constants: [3][channels], the factors, the lower and the upper 32 bits of the addends, which are
 * below 2^62. */
void tw_requantise_shift_s8(const tw_requantise_shift_s8_parameters *parameters,
                            const int32_t *input, const int32_t *constants, int8_t *output,
                            uint32_t core, uint32_t cores);

typedef struct {
  uint32_t elements;
  uint32_t channels;
  uint32_t inner; /* consecutive elements of one channel */
  uint32_t shift; /* below 63 */
  int32_t low;
  int32_t high;
  int32_t zero_point;
} tw_requantise_shift_s32_parameters;

/* The same with a result in int32. */
void tw_requantise_shift_s32(const tw_requantise_shift_s32_parameters *parameters,
                             const int32_t *input, const int32_t *constants, int32_t *output,
                             uint32_t core, uint32_t cores);

#endif /* TILEWRIGHT_REQUANTISE_SHIFT_H_ */
