#include "tilewright/arithmetic.h"
#include "tilewright/depthwise.h"

#define KERNEL 3u
#define WEIGHT_PITCH 4u

static void compute_channel(const tw_depthwise_strips *strips, const int8_t *plane,
                            const int8_t *weights, int8_t *output, uint32_t stride) {
  const int8_t *constants = weights + KERNEL * WEIGHT_PITCH;
  const uint32_t scale = *(const tw_depthwise_word *)(const void *)constants;
  const int32_t bias =
      (int32_t)*(const tw_depthwise_word *)(const void *)(constants + sizeof(uint32_t));
  for (uint32_t y = 0; y < strips->rows; ++y) {
    for (uint32_t x = 0; x < strips->width; ++x) {
      const int8_t *window = plane + y * stride * strips->pitch + x * stride;
      int32_t sum = 0;
      for (uint32_t ky = 0; ky < KERNEL; ++ky) {
        for (uint32_t kx = 0; kx < KERNEL; ++kx) {
          sum += window[ky * strips->pitch + kx] * weights[ky * WEIGHT_PITCH + kx];
        }
      }
      output[y * strips->row_stride + x * strips->pixel_stride] =
          tw_requantise(sum, scale, bias, strips->shift, strips->low, strips->high);
    }
  }
}

static void compute(const tw_depthwise_strips *strips, uint32_t stride) {
  for (uint32_t channel = 0; channel < strips->channels; ++channel) {
    compute_channel(strips, strips->plane + channel * strips->plane_bytes,
                    strips->weights + channel * (KERNEL * WEIGHT_PITCH + 2 * sizeof(int32_t)),
                    strips->output + channel, stride);
  }
}

void tw_depthwise_strips_1(const tw_depthwise_strips *strips) { compute(strips, 1); }

void tw_depthwise_strips_2(const tw_depthwise_strips *strips) { compute(strips, 2); }
