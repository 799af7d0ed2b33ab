#include "tilewright/depthwise.h"

void tw_split_pixels(const tw_split *split) {
  for (uint32_t row = 0; row < split->rows; ++row) {
    const int8_t *pixel = split->pixels + row * split->row_stride;
    int8_t *line = split->planes + row * split->pitch;
    for (uint32_t i = 0; i < split->count; ++i) {
      for (uint32_t c = 0; c < 4; ++c) {
        line[c * split->plane_bytes + i] = pixel[c];
      }
      pixel += split->pixel_stride;
    }
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
