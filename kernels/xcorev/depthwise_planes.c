#include "tilewright/depthwise.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/simd.h"

/* Words at any address: accesses that cross a word take two cycles. */
static inline uint32_t load(const int8_t *from) {
  uint32_t word;
  __asm__("lw %0, %1" : "=r"(word) : "m"(*(const uint32_t *)(const void *)from));
  return word;
}

/* `quads` times four pixels' four channels, transposed in 10 instructions between 4 loads and 4
 * stores; in cv.shuffle2.b, elements 0 to 3 are the destination's and 4 to 7 the first operand's.
 *
 *     a0 a1 a2 a3        a0 b0 a1 b1     a0 b0 c0 d0
 *     b0 b1 b2 b3   ->   a2 b2 a3 b3 ->  a1 b1 c1 d1
 *     c0 c1 c2 c3        c0 d0 c1 d1     a2 b2 c2 d2
 *     d0 d1 d2 d3        c2 d2 c3 d3     a3 b3 c3 d3
 */
static inline void transpose(const int8_t *pixels, uint32_t stride, uint32_t quads, int8_t *plane,
                             uint32_t plane_bytes) {
  int8_t *plane_1 = plane + plane_bytes;
  int8_t *plane_2 = plane_1 + plane_bytes;
  int8_t *plane_3 = plane_2 + plane_bytes;
  uint32_t a, b, c, d, ab, cd;
  __asm__ volatile(
      TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[quads]", "1f")
      "  cv.lw %[a], (%[pixels]), %[stride]\n"
      "  cv.lw %[b], (%[pixels]), %[stride]\n"
      "  cv.lw %[c], (%[pixels]), %[stride]\n"
      "  cv.lw %[d], (%[pixels]), %[stride]\n"
      "  mv %[ab], %[a]\n"
      "  mv %[cd], %[c]\n"
      "  cv.shuffle2.b %[ab], %[b], %[low]\n"
      "  cv.shuffle2.b %[a], %[b], %[high]\n"
      "  cv.shuffle2.b %[cd], %[d], %[low]\n"
      "  cv.shuffle2.b %[c], %[d], %[high]\n"
      "  cv.pack %[b], %[cd], %[ab]\n"
      "  cv.pack.h %[d], %[cd], %[ab]\n"
      "  cv.pack %[ab], %[c], %[a]\n"
      "  cv.pack.h %[cd], %[c], %[a]\n"
      "  cv.sw %[b], (%[plane]), 4\n"
      "  cv.sw %[d], (%[plane_1]), 4\n"
      "  cv.sw %[ab], (%[plane_2]), 4\n"
      "  cv.sw %[cd], (%[plane_3]), 4\n"
      "1:\n" TW_LOOP_END
      : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [ab] "=&r"(ab), [cd] "=&r"(cd),
        [pixels] "+r"(pixels), [plane] "+r"(plane), [plane_1] "+r"(plane_1),
        [plane_2] "+r"(plane_2), [plane_3] "+r"(plane_3)
      : [quads] "r"(quads), [stride] "r"(stride), [low] "r"(UINT32_C(0x05010400)),
        [high] "r"(UINT32_C(0x07030602))
      : "memory");
}

static void split_few(const tw_split *split, const int8_t *pixel, int8_t *line) {
  for (uint32_t i = 0; i < split->count; ++i) {
    for (uint32_t c = 0; c < 4; ++c) {
      line[c * split->plane_bytes + i] = pixel[c];
    }
    pixel += split->pixel_stride;
  }
}

void tw_split_pixels(const tw_split *split) {
  const int8_t *pixel = split->pixels;
  int8_t *line = split->planes;
  const uint32_t quads = split->count / 4;
  for (uint32_t row = 0; row < split->rows; ++row) {
    if (quads == 0) {
      split_few(split, pixel, line);
    } else {
      transpose(pixel, split->pixel_stride, quads, line, split->plane_bytes);
      if (split->count % 4 != 0) {
        /* The last four, some of them again. */
        const uint32_t last = split->count - 4;
        transpose(pixel + last * split->pixel_stride, split->pixel_stride, 1, line + last,
                  split->plane_bytes);
      }
    }
    pixel += split->row_stride;
    line += split->pitch;
  }
}

int32_t tw_depthwise_sum(const int8_t *plane, uint32_t pitch, const int8_t *weights,
                         uint32_t height, uint32_t words) {
  int32_t sum = 0;
  for (; height > 0; --height) {
    for (uint32_t i = 0; i < words; ++i) {
      sum = tw_dot_add_s8(sum, load(plane + 4 * i), load(weights));
      weights += 4;
    }
    plane += pitch;
  }
  return sum;
}
