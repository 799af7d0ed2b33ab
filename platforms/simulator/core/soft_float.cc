#include "platforms/simulator/core/soft_float.h"

#include <utility>

namespace tilewright::simulator {
namespace internal {
namespace {

Float32 invalid(FloatContext context) {
  *context.flags |= kInvalid;
  return kCanonicalNan;
}

Float32 nan_result(Float32 a, Float32 b, FloatContext context) {
  if (is_signaling_nan(a) || is_signaling_nan(b)) {
    *context.flags |= kInvalid;
  }
  return kCanonicalNan;
}

// An exact zero that is a difference.
Float32 zero_difference(FloatContext context) { return with_sign(context.mode == kDown, 0); }

// The sum of two numbers significand * 2^exponent, with room for a carry and sticky low bits.
Float32 add_aligned(bool sign_a, int exponent_a, std::uint64_t a, bool sign_b, int exponent_b,
                    std::uint64_t b, FloatContext context) {
  if (exponent_a < exponent_b) {
    std::swap(sign_a, sign_b);
    std::swap(exponent_a, exponent_b);
    std::swap(a, b);
  }
  b = shift_right_sticky(b, static_cast<unsigned>(exponent_a - exponent_b));
  const int exponent = exponent_a + static_cast<int>(kLeadingBit);
  if (sign_a == sign_b) {
    return round_and_pack(sign_a, exponent, a + b, context);
  }
  if (a == b) {
    return zero_difference(context);
  }
  return a > b ? round_and_pack(sign_a, exponent, a - b, context)
               : round_and_pack(sign_b, exponent, b - a, context);
}

}  // namespace

Float32 round_and_pack(bool sign, int exponent, std::uint64_t significand, FloatContext context) {
  constexpr unsigned kDropped = kLeadingBit - kFractionBits;
  const int shift = __builtin_clzll(significand) - static_cast<int>(63 - kLeadingBit);
  if (shift >= 0) {
    significand <<= shift;
  } else {
    significand = shift_right_sticky(significand, static_cast<unsigned>(-shift));
  }
  exponent -= shift;

  bool tiny = false;
  if (exponent < kMinimumExponent) {
    // Tininess is that of the result with an exponent of any size: only directly below the
    // smallest normal number can rounding leave it.
    tiny = exponent < kMinimumExponent - 1 ||
           round_off(significand, kDropped, context.mode, sign) >> (kFractionBits + 1) == 0;
    significand =
        shift_right_sticky(significand, static_cast<unsigned>(kMinimumExponent - exponent));
    exponent = kMinimumExponent;
  }
  const bool inexact = (significand & ((std::uint64_t{1} << kDropped) - 1)) != 0;
  std::uint64_t rounded = round_off(significand, kDropped, context.mode, sign);
  if (rounded >> (kFractionBits + 1) != 0) {
    rounded >>= 1;
    ++exponent;
  }
  if (exponent > kBias) {
    *context.flags |= kOverflow | kInexact;
    const bool to_infinity = context.mode == kNearestEven || context.mode == kNearestAway ||
                             context.mode == (sign ? kDown : kUp);
    return with_sign(sign, to_infinity ? kInfinity : kInfinity - 1);
  }
  if (inexact) {
    *context.flags |= kInexact | (tiny ? kUnderflow : 0);
  }
  // The bit of weight one makes the biased exponent 1 of a subnormal number's 0.
  const auto bits = static_cast<std::uint32_t>(rounded);
  const auto biased = static_cast<std::uint32_t>(exponent + kBias - 1);
  return with_sign(sign, (biased << kFractionBits) + bits);
}

Float32 soft_add(Float32 a, Float32 b, FloatContext context) {
  if (is_nan(a) || is_nan(b)) {
    return nan_result(a, b, context);
  }
  if (is_infinite(a)) {
    return is_infinite(b) && a != b ? invalid(context) : a;
  }
  if (is_infinite(b)) {
    return b;
  }
  if (is_zero(a) && is_zero(b)) {
    return a == b ? a : zero_difference(context);
  }
  if (is_zero(a) || is_zero(b)) {
    return is_zero(a) ? b : a;
  }
  constexpr unsigned kScale = kLeadingBit - 1 - kFractionBits;
  const Unpacked x = unpack(a);
  const Unpacked y = unpack(b);
  constexpr int kExponentOffset = static_cast<int>(kFractionBits + kScale);
  return add_aligned(x.sign, x.exponent - kExponentOffset, x.significand << kScale, y.sign,
                     y.exponent - kExponentOffset, y.significand << kScale, context);
}

Float32 soft_multiply(Float32 a, Float32 b, FloatContext context) {
  if (is_nan(a) || is_nan(b)) {
    return nan_result(a, b, context);
  }
  const bool sign = sign_of(a) != sign_of(b);
  if (is_infinite(a) || is_infinite(b)) {
    return is_zero(a) || is_zero(b) ? invalid(context) : with_sign(sign, kInfinity);
  }
  if (is_zero(a) || is_zero(b)) {
    return with_sign(sign, 0);
  }
  const Unpacked x = unpack(a);
  const Unpacked y = unpack(b);
  constexpr int kPosition = static_cast<int>(kLeadingBit - 2 * kFractionBits);
  return round_and_pack(sign, x.exponent + y.exponent + kPosition, x.significand * y.significand,
                        context);
}

Float32 soft_multiply_add(Float32 a, Float32 b, Float32 c, FloatContext context) {
  const bool invalid_product = (is_infinite(a) && is_zero(b)) || (is_zero(a) && is_infinite(b));
  if (is_nan(a) || is_nan(b) || is_nan(c)) {
    if (invalid_product || is_signaling_nan(c)) {
      *context.flags |= kInvalid;
    }
    return nan_result(a, b, context);
  }
  const bool sign = sign_of(a) != sign_of(b);
  if (invalid_product) {
    return invalid(context);
  }
  if (is_infinite(a) || is_infinite(b)) {
    return is_infinite(c) && sign_of(c) != sign ? invalid(context) : with_sign(sign, kInfinity);
  }
  if (is_infinite(c)) {
    return c;
  }
  if (is_zero(a) || is_zero(b)) {
    return is_zero(c) && sign_of(c) != sign ? zero_difference(context) : c;
  }
  const Unpacked x = unpack(a);
  const Unpacked y = unpack(b);
  // The product has 47 or 48 bits. Where alignment loses bits of a term, it is so much smaller
  // than the other that at most one leading bit cancels.
  constexpr unsigned kProductScale = kLeadingBit - 2 - 2 * kFractionBits;
  constexpr unsigned kScale = kLeadingBit - 1 - kFractionBits;
  const std::uint64_t product = x.significand * y.significand << kProductScale;
  const int product_exponent =
      x.exponent + y.exponent - static_cast<int>(2 * kFractionBits + kProductScale);
  if (is_zero(c)) {
    return round_and_pack(sign, product_exponent + static_cast<int>(kLeadingBit), product, context);
  }
  const Unpacked z = unpack(c);
  return add_aligned(sign, product_exponent, product, z.sign,
                     z.exponent - static_cast<int>(kFractionBits + kScale), z.significand << kScale,
                     context);
}

}  // namespace internal

using namespace internal;  // NOLINT: the same component

Float32 float_divide(Float32 a, Float32 b, FloatContext context) {
  if (is_nan(a) || is_nan(b)) {
    return nan_result(a, b, context);
  }
  const bool sign = sign_of(a) != sign_of(b);
  if (is_infinite(a)) {
    return is_infinite(b) ? invalid(context) : with_sign(sign, kInfinity);
  }
  if (is_infinite(b)) {
    return with_sign(sign, 0);
  }
  if (is_zero(b)) {
    if (is_zero(a)) {
      return invalid(context);
    }
    *context.flags |= kDivideByZero;
    return with_sign(sign, kInfinity);
  }
  if (is_zero(a)) {
    return with_sign(sign, 0);
  }
  constexpr unsigned kScale = 39;
  const Unpacked x = unpack(a);
  const Unpacked y = unpack(b);
  const std::uint64_t dividend = x.significand << kScale;
  const std::uint64_t quotient = dividend / y.significand << 1;
  const std::uint64_t sticky = dividend % y.significand != 0 ? 1 : 0;
  return round_and_pack(sign, x.exponent - y.exponent + static_cast<int>(kLeadingBit - kScale - 1),
                        quotient | sticky, context);
}

Float32 float_square_root(Float32 a, FloatContext context) {
  if (is_nan(a)) {
    return nan_result(a, a, context);
  }
  if (is_zero(a)) {
    return a;
  }
  if (sign_of(a)) {
    return invalid(context);
  }
  if (is_infinite(a)) {
    return a;
  }
  Unpacked x = unpack(a);
  if (x.exponent % 2 != 0) {
    x.significand <<= 1;
    --x.exponent;
  }
  // The root of a 64-bit number, bit by bit.
  const std::uint64_t square = x.significand << 39;
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const std::uint64_t tried = root | bit;
    if (tried * tried <= square) {
      root = tried;
    }
  }
  const std::uint64_t sticky = root * root != square ? 1 : 0;
  return round_and_pack(false, x.exponent / 2, root << 31 | sticky, context);
}

}  // namespace tilewright::simulator
