#include "platforms/simulator/core/floating_point.h"

#include <cmath>
#include <cstring>

#include "platforms/simulator/core/soft_float.h"

namespace tilewright::simulator {
namespace {

using internal::is_nan;
using internal::is_signaling_nan;
using internal::is_zero;
using internal::sign_of;

float as_float(Float32 bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

Float32 as_bits(float value) {
  Float32 bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Below this magnitude a result may be subnormal or have been rounded as if it were not.
constexpr double kCertainlyNormal = 0x1p-125;

// Whether the host's rounding to nearest of a sum or product gives result and flags: everything is
// finite, and neither overflow nor underflow is near.
bool is_ordinary(double exact_or_odd, float result) {
  return std::fabs(exact_or_odd) >= kCertainlyNormal && std::fabs(result) < HUGE_VALF;
}

}  // namespace

Float32 float_add(Float32 a, Float32 b, FloatContext context) {
  if (context.mode == kNearestEven) {
    const float x = as_float(a);
    const float y = as_float(b);
    const float sum = x + y;
    if (std::fabs(sum) >= 0x1p-60f && std::fabs(sum) < 0x1p120f) {
      // The error of a sum is a number itself (Knuth, The Art of Computer Programming, volume 2,
      // 4.2.2, theorem B): all differences below are exact.
      const float y_part = sum - x;
      const float x_part = sum - y_part;
      const float y_error = y - y_part;
      const float x_error = x - x_part;
      *context.flags |= x_error + y_error != 0.0f ? kInexact : 0;
      return as_bits(sum);
    }
  }
  return internal::soft_add(a, b, context);
}

Float32 float_subtract(Float32 a, Float32 b, FloatContext context) {
  return float_add(a, b ^ kSignBit, context);
}

Float32 float_multiply(Float32 a, Float32 b, FloatContext context) {
  if (context.mode == kNearestEven) {
    // The product has 48 bits: it is exact in double precision.
    const double product = static_cast<double>(as_float(a)) * static_cast<double>(as_float(b));
    const auto result = static_cast<float>(product);
    if (is_ordinary(product, result)) {
      *context.flags |= static_cast<double>(result) != product ? kInexact : 0;
      return as_bits(result);
    }
  }
  return internal::soft_multiply(a, b, context);
}

Float32 float_multiply_add(Float32 a, Float32 b, Float32 c, FloatContext context) {
  if (context.mode == kNearestEven) {
    const double product = static_cast<double>(as_float(a)) * static_cast<double>(as_float(b));
    const double addend = as_float(c);
    double sum = product + addend;
    if (std::fabs(sum) >= kCertainlyNormal && std::fabs(sum) < 0x1p127) {
      const double addend_part = sum - product;
      const double product_part = sum - addend_part;
      const double addend_error = addend - addend_part;
      const double product_error = product - product_part;
      const double error = product_error + addend_error;
      if (error != 0) {
        // Rounded to odd, the sum rounds to the same float as the exact one (Boldo and Melquiond,
        // "Emulation of FMA and correctly rounded sums", IEEE Transactions on Computers, 2008).
        std::uint64_t bits;
        std::memcpy(&bits, &sum, sizeof bits);
        if ((bits & 1) == 0) {
          bits += (error > 0) == (sum > 0) ? 1 : ~std::uint64_t{0};
          std::memcpy(&sum, &bits, sizeof bits);
        }
      }
      const auto result = static_cast<float>(sum);
      *context.flags |= static_cast<double>(result) != sum ? kInexact : 0;
      return as_bits(result);
    }
  }
  return internal::soft_multiply_add(a, b, c, context);
}

namespace {

// Rounds to an integer in [minimum, maximum].
std::uint32_t to_integer(Float32 a, std::int64_t minimum, std::int64_t maximum,
                         FloatContext context) {
  if (is_zero(a)) {
    return 0;
  }
  const bool negative = sign_of(a) && !is_nan(a);
  const auto saturate = [&] {
    *context.flags |= kInvalid;
    return static_cast<std::uint32_t>(negative ? minimum : maximum);
  };
  if ((a & ~kSignBit) >= internal::kInfinity) {
    return saturate();
  }
  const internal::Unpacked x = internal::unpack(a);
  if (x.exponent > 32) {
    return saturate();
  }
  // 30 fraction bits; what is below is sticky.
  constexpr unsigned kFraction = 30;
  const int shift = x.exponent - static_cast<int>(internal::kFractionBits - kFraction);
  const std::uint64_t fixed =
      shift >= 0 ? x.significand << shift
                 : internal::shift_right_sticky(x.significand, static_cast<unsigned>(-shift));
  const auto magnitude =
      static_cast<std::int64_t>(internal::round_off(fixed, kFraction, context.mode, negative));
  const std::int64_t value = negative ? -magnitude : magnitude;
  if (value < minimum || value > maximum) {
    return saturate();
  }
  *context.flags |= (fixed & ((1u << kFraction) - 1)) != 0 ? kInexact : 0;
  return static_cast<std::uint32_t>(value);
}

Float32 from_integer(bool negative, std::uint32_t magnitude, FloatContext context) {
  if (magnitude == 0) {
    return 0;
  }
  return internal::round_and_pack(negative, static_cast<int>(internal::kLeadingBit), magnitude,
                                  context);
}

// Order of numbers other than NaN.
bool less(Float32 a, Float32 b) {
  if (is_zero(a) && is_zero(b)) {
    return false;
  }
  if (sign_of(a) != sign_of(b)) {
    return sign_of(a);
  }
  return sign_of(a) ? a > b : a < b;
}

// The comparisons that are invalid for any NaN.
bool ordered(Float32 a, Float32 b, std::uint32_t *flags) {
  if (is_nan(a) || is_nan(b)) {
    *flags |= kInvalid;
    return false;
  }
  return true;
}

Float32 choose(Float32 a, Float32 b, bool smaller, std::uint32_t *flags) {
  if (is_signaling_nan(a) || is_signaling_nan(b)) {
    *flags |= kInvalid;
  }
  if (is_nan(a)) {
    return is_nan(b) ? kCanonicalNan : b;
  }
  if (is_nan(b)) {
    return a;
  }
  const bool a_less = less(a, b) || (is_zero(a) && is_zero(b) && sign_of(a));
  return a_less == smaller ? a : b;
}

}  // namespace

std::uint32_t float_to_signed(Float32 a, FloatContext context) {
  return to_integer(a, INT32_MIN, INT32_MAX, context);
}

std::uint32_t float_to_unsigned(Float32 a, FloatContext context) {
  return to_integer(a, 0, UINT32_MAX, context);
}

Float32 float_from_signed(std::uint32_t value, FloatContext context) {
  const bool negative = value >> 31 != 0;
  return from_integer(negative, negative ? 0 - value : value, context);
}

Float32 float_from_unsigned(std::uint32_t value, FloatContext context) {
  return from_integer(false, value, context);
}

Float32 float_minimum(Float32 a, Float32 b, std::uint32_t *flags) {
  return choose(a, b, true, flags);
}

Float32 float_maximum(Float32 a, Float32 b, std::uint32_t *flags) {
  return choose(a, b, false, flags);
}

bool float_equal(Float32 a, Float32 b, std::uint32_t *flags) {
  if (is_nan(a) || is_nan(b)) {
    *flags |= is_signaling_nan(a) || is_signaling_nan(b) ? kInvalid : 0;
    return false;
  }
  return a == b || (is_zero(a) && is_zero(b));
}

bool float_less(Float32 a, Float32 b, std::uint32_t *flags) {
  return ordered(a, b, flags) && less(a, b);
}

bool float_less_equal(Float32 a, Float32 b, std::uint32_t *flags) {
  return ordered(a, b, flags) && !less(b, a);
}

std::uint32_t float_classify(Float32 a) {
  if (is_nan(a)) {
    return 1u << (is_signaling_nan(a) ? 8 : 9);
  }
  const bool negative = sign_of(a);
  const Float32 magnitude = a & ~kSignBit;
  if (magnitude == internal::kInfinity) {
    return 1u << (negative ? 0 : 7);
  }
  if (magnitude == 0) {
    return 1u << (negative ? 3 : 4);
  }
  if (magnitude <= internal::kFractionMask) {
    return 1u << (negative ? 2 : 5);
  }
  return 1u << (negative ? 1 : 6);
}

}  // namespace tilewright::simulator
