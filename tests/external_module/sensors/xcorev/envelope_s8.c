/* Four samples at a time: a load, a minimum and a maximum of packed numbers. */
#include "sensors/envelope.h"
#include "tilewright/parallel.h"
#include "tilewright/simd.h"

static int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

void sensors_envelope_s8(const sensors_envelope_s8_parameters *parameters, const int8_t *samples,
                         const int8_t steps[256], int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t window = parameters->window;
  const int32_t zero_point = parameters->zero_point;
  const tw_range share = tw_share(parameters->windows, core, cores);
  for (uint32_t i = share.begin; i < share.end; ++i) {
    const int8_t *sample = samples + i * window;
    const int8_t *const end = sample + window;
    int32_t lowest = zero_point;
    int32_t highest = zero_point;
    if (window % 4 == 0) { /* then all of them begin at a word */
      tw_packed low = *(const tw_packed *)(const void *)sample;
      tw_packed high = low;
      for (; sample != end; sample += 4) {
        const tw_packed four = *(const tw_packed *)(const void *)sample;
        low = tw_minimum_s8(low, four);
        high = tw_maximum_s8(high, four);
      }
      for (uint32_t bits = 0; bits < 32; bits += 8) {
        lowest = -larger(-lowest, -(int8_t)(low >> bits));
        highest = larger(highest, (int8_t)(high >> bits));
      }
    }
    for (; sample != end; ++sample) {
      lowest = -larger(-lowest, -*sample);
      highest = larger(highest, *sample);
    }
    output[i] = steps[larger(highest - zero_point, zero_point - lowest)];
  }
}
