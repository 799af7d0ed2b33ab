#include "tilewright/depthwise.h"
#include "tilewright/simd.h"

/* Words at any address: accesses that cross a word take two cycles. */
static inline uint32_t load(const int8_t *from) {
  uint32_t word;
  __asm__("lw %0, %1" : "=r"(word) : "m"(*(const uint32_t *)(const void *)from));
  return word;
}

static inline void store(int8_t *to, uint32_t word) {
  __asm__("sw %1, %0" : "=m"(*(uint32_t *)(void *)to) : "r"(word));
}

/* Four elements of two words, 0 to 3 being those of `low`. */
static inline tw_packed choose(tw_packed low, tw_packed high, uint32_t order) {
  __asm__("cv.shuffle2.b %0, %1, %2" : "+r"(low) : "r"(high), "r"(order));
  return low;
}

/* Four pixels' four channels, transposed in 10 instructions between 4 loads and 4 stores:
 *
 *     a0 a1 a2 a3        a0 b0 a1 b1     a0 b0 c0 d0
 *     b0 b1 b2 b3   ->   a2 b2 a3 b3 ->  a1 b1 c1 d1
 *     c0 c1 c2 c3        c0 d0 c1 d1     a2 b2 c2 d2
 *     d0 d1 d2 d3        c2 d2 c3 d3     a3 b3 c3 d3
 */
static inline void transpose(const int8_t *pixels, uint32_t channels, int8_t *planes,
                             uint32_t plane_bytes) {
  const tw_packed a = load(pixels);
  const tw_packed b = load(pixels + channels);
  const tw_packed c = load(pixels + 2 * channels);
  const tw_packed d = load(pixels + 3 * channels);
  const tw_packed ab_low = choose(a, b, 0x05010400);
  const tw_packed ab_high = choose(a, b, 0x07030602);
  const tw_packed cd_low = choose(c, d, 0x05010400);
  const tw_packed cd_high = choose(c, d, 0x07030602);
  store(planes, tw_pack_low_16(cd_low, ab_low));
  store(planes + plane_bytes, tw_pack_high_16(cd_low, ab_low));
  store(planes + 2 * plane_bytes, tw_pack_low_16(cd_high, ab_high));
  store(planes + 3 * plane_bytes, tw_pack_high_16(cd_high, ab_high));
}

void tw_split_pixels(const int8_t *pixels, uint32_t channels, uint32_t count, int8_t *planes,
                     uint32_t plane_bytes) {
  for (; count >= 4; count -= 4) {
    transpose(pixels, channels, planes, plane_bytes);
    pixels += 4 * channels;
    planes += 4;
  }
  for (; count > 0; --count) {
    for (uint32_t c = 0; c < 4; ++c) {
      planes[c * plane_bytes] = pixels[c];
    }
    pixels += channels;
    ++planes;
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
