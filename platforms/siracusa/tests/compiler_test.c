/* What the compiler makes of operations for which the cores have instructions of their own. */
#include <stdint.h>

#include "tilewright/console.h"
#include "tilewright/exit.h"

#define HIDE(value) __asm__ volatile("" : "+r"(value))

static uint32_t leading_zeros(uint32_t value) {
  uint32_t zeros = 0;
  for (uint32_t bit = 1u << 31; bit != 0 && (value & bit) == 0; bit >>= 1) {
    ++zeros;
  }
  return zeros;
}

static void check(uint32_t value, uint32_t other) {
  HIDE(value);
  HIDE(other);
  if (value != 0) {
    uint32_t zeros = 0;
    while ((value >> zeros & 1) == 0) {
      ++zeros;
      HIDE(zeros);
    }
    TW_ASSERT((uint32_t)__builtin_clz(value) == leading_zeros(value));
    TW_ASSERT((uint32_t)__builtin_ctz(value) == zeros);
    /* Division of 64 bits is a function of the compiler's, with a count of leading zeros. */
    uint64_t product = (uint64_t)value * other;
    uint64_t divisor = value;
    __asm__ volatile("" : "+r"(product), "+r"(divisor));
    TW_ASSERT(product / divisor == other);
    TW_ASSERT((product + value - 1) % divisor == value - 1);
  }
  uint32_t ones = 0;
  for (uint32_t bit = 0; bit < 32; ++bit) {
    ones += value >> bit & 1;
    HIDE(ones);
  }
  TW_ASSERT((uint32_t)__builtin_popcount(value) == ones);
  const uint32_t distance = other & 31;
  const uint32_t rotated = value >> distance | value << (-distance & 31);
  TW_ASSERT(rotated == (uint32_t)(((uint64_t)value << 32 | value) >> distance));
  TW_ASSERT(__builtin_bswap32(__builtin_bswap32(value)) == value);

  /* Minimum, maximum, absolute value, clipping and extension. */
  const int32_t a = (int32_t)value;
  const int32_t b = (int32_t)other;
  const int32_t low = a < b ? a : b;
  const int32_t high = a > b ? a : b;
  TW_ASSERT((uint32_t)low + (uint32_t)high == value + other);
  TW_ASSERT(low <= high);
  const int32_t clipped = a < -128 ? -128 : a > 127 ? 127 : a;
  TW_ASSERT((clipped == a) == (value + 128 < 256));
  TW_ASSERT(clipped >= -128 && clipped <= 127);
  const int32_t absolute = a < 0 ? (int32_t)(0 - value) : a;
  TW_ASSERT((uint32_t)absolute == ((value >> 31) != 0 ? ~value + 1 : value));
  TW_ASSERT((int32_t)(int8_t)value == ((int32_t)(value << 24) >> 24));
  TW_ASSERT((int32_t)(int16_t)value == ((int32_t)(value << 16) >> 16));
}

int main(void) {
  static const uint32_t corners[] = {
      0,      1,      2,       3,          127,        128,        255,        0x7fff,
      0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffff7f, 0xffffff80, 0xffffffff};
  const uint32_t count = sizeof corners / sizeof corners[0];
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t j = 0; j < count; ++j) {
      check(corners[i], corners[j]);
    }
  }
  uint32_t random = 1;
  for (uint32_t i = 0; i < 100; ++i) {
    random = random * 1664525 + 1013904223;
    check(random, random ^ random >> 11);
    check(random >> random % 32, random << random % 7);
  }
  tw_console_text("PASS\n");
  return 0;
}
