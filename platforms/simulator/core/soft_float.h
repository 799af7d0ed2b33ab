// Floating-point numbers taken apart: what all of floating_point.h is computed with.
#ifndef PLATFORMS_SIMULATOR_CORE_SOFT_FLOAT_H_
#define PLATFORMS_SIMULATOR_CORE_SOFT_FLOAT_H_

#include <cstdint>

#include "platforms/simulator/core/floating_point.h"

namespace tilewright::simulator::internal {

inline constexpr unsigned kFractionBits = 23;
inline constexpr std::uint32_t kFractionMask = (1u << kFractionBits) - 1;
inline constexpr int kBias = 127;
inline constexpr int kMinimumExponent = -126;
inline constexpr Float32 kInfinity = 0x7f800000;

inline bool sign_of(Float32 a) { return a >> 31 != 0; }
inline bool is_nan(Float32 a) { return (a & ~kSignBit) > kInfinity; }
inline bool is_signaling_nan(Float32 a) { return is_nan(a) && (a & 0x00400000) == 0; }
inline bool is_infinite(Float32 a) { return (a & ~kSignBit) == kInfinity; }
inline bool is_zero(Float32 a) { return (a & ~kSignBit) == 0; }
inline Float32 with_sign(bool sign, Float32 magnitude) { return (sign ? kSignBit : 0) | magnitude; }

// A finite number other than zero: significand * 2^(exponent - 23), 2^23 <= significand < 2^24.
struct Unpacked {
  bool sign;
  int exponent;
  std::uint64_t significand;
};

inline Unpacked unpack(Float32 a) {
  const auto biased = static_cast<int>(a >> kFractionBits & 0xff);
  const std::uint32_t fraction = a & kFractionMask;
  if (biased != 0) {
    return {sign_of(a), biased - kBias, fraction | 1u << kFractionBits};
  }
  const int shift = __builtin_clz(fraction) - static_cast<int>(31 - kFractionBits);
  return {sign_of(a), kMinimumExponent - shift, static_cast<std::uint64_t>(fraction) << shift};
}

// Shifts right; the lowest bit is set if any bit that was shifted out was.
inline std::uint64_t shift_right_sticky(std::uint64_t value, unsigned amount) {
  if (amount == 0) {
    return value;
  }
  if (amount > 63) {
    return value != 0 ? 1 : 0;
  }
  const std::uint64_t lost = value & ((std::uint64_t{1} << amount) - 1);
  return value >> amount | (lost != 0 ? 1 : 0);
}

// Bit of a significand, as pack expects it, that stands for one.
inline constexpr unsigned kLeadingBit = 62;

// Rounds significand * 2^(exponent - 62), of which the lowest bit is sticky. The significand is
// not zero; it needs no particular position.
Float32 round_and_pack(bool sign, int exponent, std::uint64_t significand, FloatContext context);

// What rounding adds below the last bit that is kept, `dropped` bits long.
inline std::uint64_t rounding_increment(RoundingMode mode, bool sign, unsigned dropped) {
  const std::uint64_t all = (std::uint64_t{1} << dropped) - 1;
  switch (mode) {
    case kTowardsZero:
      return 0;
    case kDown:
      return sign ? all : 0;
    case kUp:
      return sign ? 0 : all;
    default:
      return std::uint64_t{1} << (dropped - 1);
  }
}

// Rounds the lowest `dropped` bits away.
inline std::uint64_t round_off(std::uint64_t value, unsigned dropped, RoundingMode mode,
                               bool sign) {
  const std::uint64_t low = value & ((std::uint64_t{1} << dropped) - 1);
  std::uint64_t rounded = (value + rounding_increment(mode, sign, dropped)) >> dropped;
  if (mode == kNearestEven && low == std::uint64_t{1} << (dropped - 1)) {
    rounded &= ~std::uint64_t{1};
  }
  return rounded;
}

}  // namespace tilewright::simulator::internal

#endif  // PLATFORMS_SIMULATOR_CORE_SOFT_FLOAT_H_
