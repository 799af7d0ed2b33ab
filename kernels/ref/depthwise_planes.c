#include "tilewright/depthwise.h"

void tw_split_pixels(const int8_t *pixels, uint32_t channels, uint32_t count, int8_t *planes,
                     uint32_t plane_bytes) {
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t c = 0; c < 4; ++c) {
      planes[c * plane_bytes + i] = pixels[c];
    }
    pixels += channels;
  }
}

int32_t tw_depthwise_sum(const int8_t *plane, uint32_t pitch, const int8_t *weights,
                         uint32_t height, uint32_t words) {
  int32_t sum = 0;
  for (uint32_t row = 0; row < height; ++row) {
    for (uint32_t i = 0; i < 4 * words; ++i) {
      sum += plane[i] * *weights++;
    }
    plane += pitch;
  }
  return sum;
}
