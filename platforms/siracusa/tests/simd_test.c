/* Every function of tilewright/simd.h against C, on patterns with all kinds of elements. */
#include "tilewright/simd.h"

#include "tilewright/console.h"
#include "tilewright/exit.h"

static int32_t s8(tw_packed word, uint32_t index) { return (int8_t)(word >> 8 * index); }
static int32_t u8(tw_packed word, uint32_t index) { return (uint8_t)(word >> 8 * index); }
static int32_t s16(tw_packed word, uint32_t index) { return (int16_t)(word >> 16 * index); }
static int32_t u16(tw_packed word, uint32_t index) { return (uint16_t)(word >> 16 * index); }

/* Sum of products of `count` elements. */
#define DOT(of_a, of_b, count)                               \
  ({                                                         \
    uint32_t sum_ = 0;                                       \
    for (uint32_t i_ = 0; i_ < (count); ++i_) {              \
      sum_ += (uint32_t)of_a(a, i_) * (uint32_t)of_b(b, i_); \
    }                                                        \
    sum_;                                                    \
  })

/* The packed results of an expression in x and y, elements of `bits` bits. */
#define EACH(of, bits, ...)                                                       \
  ({                                                                              \
    tw_packed result_ = 0;                                                        \
    for (uint32_t i_ = 0; i_ < 32 / (bits); ++i_) {                               \
      const int32_t x = of(a, i_);                                                \
      const int32_t y = of(b, i_);                                                \
      (void)y;                                                                    \
      result_ |= ((uint32_t)(__VA_ARGS__) & ((1u << (bits)) - 1)) << (bits) * i_; \
    }                                                                             \
    result_;                                                                      \
  })

#define MINIMUM (x < y ? x : y)
#define MAXIMUM (x > y ? x : y)

static void check(tw_packed a, tw_packed b, uint32_t sum) {
  TW_ASSERT((uint32_t)tw_dot_s8(a, b) == DOT(s8, s8, 4));
  TW_ASSERT(tw_dot_u8(a, b) == DOT(u8, u8, 4));
  TW_ASSERT((uint32_t)tw_dot_u8s8(a, b) == DOT(u8, s8, 4));
  TW_ASSERT((uint32_t)tw_dot_s16(a, b) == DOT(s16, s16, 2));
  TW_ASSERT(tw_dot_u16(a, b) == DOT(u16, u16, 2));
  TW_ASSERT((uint32_t)tw_dot_u16s16(a, b) == DOT(u16, s16, 2));
  TW_ASSERT((uint32_t)tw_dot_add_s8((int32_t)sum, a, b) == sum + DOT(s8, s8, 4));
  TW_ASSERT(tw_dot_add_u8(sum, a, b) == sum + DOT(u8, u8, 4));
  TW_ASSERT((uint32_t)tw_dot_add_u8s8((int32_t)sum, a, b) == sum + DOT(u8, s8, 4));
  TW_ASSERT((uint32_t)tw_dot_add_s16((int32_t)sum, a, b) == sum + DOT(s16, s16, 2));
  TW_ASSERT(tw_dot_add_u16(sum, a, b) == sum + DOT(u16, u16, 2));
  TW_ASSERT((uint32_t)tw_dot_add_u16s16((int32_t)sum, a, b) == sum + DOT(u16, s16, 2));

  TW_ASSERT(tw_add_8(a, b) == EACH(s8, 8, x + y));
  TW_ASSERT(tw_sub_8(a, b) == EACH(s8, 8, x - y));
  TW_ASSERT(tw_average_s8(a, b) == EACH(s8, 8, (int8_t)(x + y) >> 1));
  TW_ASSERT(tw_average_u8(a, b) == EACH(u8, 8, (uint8_t)(x + y) >> 1));
  TW_ASSERT(tw_minimum_s8(a, b) == EACH(s8, 8, MINIMUM));
  TW_ASSERT(tw_minimum_u8(a, b) == EACH(u8, 8, MINIMUM));
  TW_ASSERT(tw_maximum_s8(a, b) == EACH(s8, 8, MAXIMUM));
  TW_ASSERT(tw_maximum_u8(a, b) == EACH(u8, 8, MAXIMUM));
  TW_ASSERT(tw_shift_left_8(a, b) == EACH(u8, 8, x << (y & 7)));
  TW_ASSERT(tw_shift_right_u8(a, b) == EACH(u8, 8, x >> (y & 7)));
  TW_ASSERT(tw_shift_right_s8(a, b) == EACH(s8, 8, x >> (y & 7)));

  TW_ASSERT(tw_add_16(a, b) == EACH(s16, 16, x + y));
  TW_ASSERT(tw_sub_16(a, b) == EACH(s16, 16, x - y));
  TW_ASSERT(tw_average_s16(a, b) == EACH(s16, 16, (int16_t)(x + y) >> 1));
  TW_ASSERT(tw_average_u16(a, b) == EACH(u16, 16, (uint16_t)(x + y) >> 1));
  TW_ASSERT(tw_minimum_s16(a, b) == EACH(s16, 16, MINIMUM));
  TW_ASSERT(tw_minimum_u16(a, b) == EACH(u16, 16, MINIMUM));
  TW_ASSERT(tw_maximum_s16(a, b) == EACH(s16, 16, MAXIMUM));
  TW_ASSERT(tw_maximum_u16(a, b) == EACH(u16, 16, MAXIMUM));
  TW_ASSERT(tw_shift_left_16(a, b) == EACH(u16, 16, x << (y & 15)));
  TW_ASSERT(tw_shift_right_u16(a, b) == EACH(u16, 16, x >> (y & 15)));
  TW_ASSERT(tw_shift_right_s16(a, b) == EACH(s16, 16, x >> (y & 15)));

  TW_ASSERT(tw_shuffle_8(a, b) == EACH(s8, 8, (void)x, u8(a, (uint32_t)y & 3)));
  TW_ASSERT(tw_shuffle_16(a, b) == EACH(s16, 16, (void)x, u16(a, (uint32_t)y & 1)));
  TW_ASSERT(tw_pack_low_16(a, b) == (a << 16 | (b & 0xffff)));
  TW_ASSERT(tw_pack_high_16(a, b) == ((a & 0xffff0000u) | b >> 16));
}

int main(void) {
  static const uint32_t corners[] = {
      0, 0xffffffffu, 0x80808080u, 0x7f7f7f7fu, 0x80007fffu, 0x01ff8000u, 0x03020100u, 0x7fff8000u,
  };
  const uint32_t count = sizeof corners / sizeof corners[0];
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t j = 0; j < count; ++j) {
      check(corners[i], corners[j], corners[(i + j) % count]);
    }
  }
  uint32_t random = 1;
  for (uint32_t i = 0; i < 50; ++i) {
    uint32_t words[3];
    for (uint32_t word = 0; word < 3; ++word) {
      random = random * 1664525 + 1013904223;
      words[word] = random ^ random >> 15;
    }
    check(words[0], words[1], words[2]);
  }
  tw_console_text("PASS\n");
  return 0;
}
