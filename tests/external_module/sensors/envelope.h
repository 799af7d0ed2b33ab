/* Envelope of a vibration: the largest magnitude in each window of samples. */
#ifndef SENSORS_ENVELOPE_H_
#define SENSORS_ENVELOPE_H_

#include <stdint.h>

typedef struct {
  uint32_t windows;
  uint32_t window; /* samples in each */
  int32_t zero_point;
} sensors_envelope_s8_parameters;

/* output[i] = steps[m], m the largest |samples[j] - zero_point| with j / window == i. */
void sensors_envelope_s8(const sensors_envelope_s8_parameters *parameters, const int8_t *samples,
                         const int8_t steps[256], int8_t *output, uint32_t core, uint32_t cores);

#endif /* SENSORS_ENVELOPE_H_ */
