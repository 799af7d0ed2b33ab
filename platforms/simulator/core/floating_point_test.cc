// Floating-point arithmetic against two references: exact integer arithmetic with 128 bits, for all
// rounding modes, and the host's floating-point unit, for those that it has (one that detects
// tininess after rounding, as x86-64 does).
#include "platforms/simulator/core/floating_point.h"

#include <cfenv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

using Wide = unsigned __int128;

constexpr int kRandomOperands = 400000;
constexpr Float32 kInfinity = 0x7f800000;

float as_float(Float32 bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

Float32 as_bits(float value) {
  Float32 bits;
  std::memcpy(&bits, &value, sizeof bits);
  return std::isnan(value) ? kCanonicalNan : bits;
}

// magnitude * 2^exponent, plus something smaller than one unit of the magnitude if `more`.
struct Exact {
  bool negative = false;
  Wide magnitude = 0;
  int exponent = 0;
  bool more = false;
};

int highest_bit(Wide value) {
  int bit = -1;
  while (value != 0) {
    value >>= 1;
    ++bit;
  }
  return bit;
}

Exact exact(Float32 a) {
  const auto biased = static_cast<int>(a >> 23 & 0xff);
  const Wide fraction = a & 0x7fffff;
  return {a >> 31 != 0, biased == 0 ? fraction : fraction + 0x800000,
          (biased == 0 ? 1 : biased) - 150, false};
}

// The multiple of 2^unit that a rounding mode chooses, in units.
Wide to_units(const Exact &value, int unit, unsigned mode, bool *inexact) {
  const int drop = unit - value.exponent;
  CHECK(drop >= 2 || !value.more);
  if (drop <= 0) {
    *inexact = false;
    return value.magnitude << -drop;
  }
  const Wide kept = drop > 127 ? 0 : value.magnitude >> drop;
  const Wide rest = drop > 127 ? value.magnitude : value.magnitude - (kept << drop);
  const Wide half = drop > 127 ? ~Wide{0} : Wide{1} << (drop - 1);
  *inexact = rest != 0 || value.more;
  bool up = false;
  switch (mode) {
    case kNearestEven:
      up = rest > half || (rest == half && (value.more || (kept & 1) != 0));
      break;
    case kNearestAway:
      up = rest >= half;
      break;
    case kDown:
      up = value.negative && *inexact;
      break;
    case kUp:
      up = !value.negative && *inexact;
      break;
    default:
      break;
  }
  return kept + (up ? 1 : 0);
}

// Rounds to binary32; `value` is not zero.
Float32 rounded(const Exact &value, unsigned mode, std::uint32_t *flags) {
  const int top = highest_bit(value.magnitude) + value.exponent;
  bool inexact = false;
  const int unit = top - 23 < -149 ? -149 : top - 23;
  const Wide units = to_units(value, unit, mode, &inexact);
  bool ignored = false;
  const Wide unbounded = to_units(value, top - 23, mode, &ignored);
  const bool tiny = highest_bit(unbounded) + top - 23 < -126;
  if (inexact) {
    *flags |= kInexact | (tiny ? kUnderflow : 0);
  }
  const Float32 sign = value.negative ? kSignBit : 0;
  if (highest_bit(units) + unit > 127) {
    *flags |= kInexact | kOverflow;
    const bool infinite =
        mode == kNearestEven || mode == kNearestAway || mode == (value.negative ? kDown : kUp);
    return sign | (infinite ? kInfinity : kInfinity - 1);
  }
  return sign | as_bits(std::ldexp(static_cast<float>(static_cast<std::uint64_t>(units)), unit));
}

// a + b with at most 75 bits between their lowest bits; more distant ones become `more`.
Exact sum(Exact a, Exact b) {
  if (highest_bit(a.magnitude) + a.exponent < highest_bit(b.magnitude) + b.exponent) {
    const Exact c = a;
    a = b;
    b = c;
  }
  // The larger one gets as many bits below as fit.
  const int room = 125 - highest_bit(a.magnitude);
  a.magnitude <<= room;
  a.exponent -= room;
  const int shift = a.exponent - b.exponent;
  if (shift <= 0) {
    b.magnitude <<= -shift;
  } else {
    const Wide kept = shift > 127 ? 0 : b.magnitude >> shift;
    a.more = shift > 127 || kept << shift != b.magnitude;
    b.magnitude = kept;
  }
  if (a.negative == b.negative) {
    a.magnitude += b.magnitude;
  } else if (a.magnitude < b.magnitude) {
    CHECK(!a.more);
    a.magnitude = b.magnitude - a.magnitude;
    a.negative = b.negative;
  } else {
    a.magnitude -= b.magnitude + (a.more ? 1 : 0);  // what is more is added again
  }
  return a;
}

bool is_finite(Float32 a) { return (a & kInfinity) != kInfinity; }
bool is_zero(Float32 a) { return (a & ~kSignBit) == 0; }

std::uint64_t random_state = 88172645463325252u;
std::uint32_t random_word() {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return static_cast<std::uint32_t>(random_state >> 16);
}

// Corners, and numbers around them.
const std::vector<Float32> &corners() {
  static const std::vector<Float32> all = [] {
    std::vector<Float32> numbers;
    for (const Float32 a :
         {0x00000000u, 0x00000001u, 0x00000002u, 0x00400000u, 0x007fffffu, 0x00800000u, 0x00800001u,
          0x00ffffffu, 0x01000000u, 0x33800000u, 0x34000000u, 0x3effffffu, 0x3f000000u, 0x3f000001u,
          0x3f7fffffu, 0x3f800000u, 0x3f800001u, 0x3fc00000u, 0x40000000u, 0x40490fdbu, 0x4afffffeu,
          0x4b000000u, 0x4b7fffffu, 0x4b800000u, 0x4effffffu, 0x4f000000u, 0x4f7fffffu, 0x4f800000u,
          0x5f000000u, 0x7e800000u, 0x7effffffu, 0x7f000000u, 0x7f7fffffu, 0x7f800000u, 0x7f800001u,
          0x7fbfffffu, 0x7fc00000u, 0x7fffffffu}) {
      numbers.push_back(a);
      numbers.push_back(a | kSignBit);
    }
    return numbers;
  }();
  return all;
}

// Any bits; or exponents near that of `near`; or few bits set; or a corner.
Float32 random_operand(Float32 near) {
  const std::uint32_t word = random_word();
  switch (random_word() % 6) {
    case 0:
      return corners()[word % corners().size()];
    case 1:
      return (word & 0x807fffff) | (((near >> 23 & 0xff) + random_word() % 5 - 2) & 0xff) << 23;
    case 2:
      return (word & 0x80700000) | (((near >> 23 & 0xff) + random_word() % 64 - 32) & 0xff) << 23 |
             (random_word() % 3);
    case 3:
      return (word & 0xbfffffff) ^ 0x20000000;  // moderate exponents
    case 4:
      return word & 0x81ffffff;  // small numbers
    default:
      return word;
  }
}

struct Operands {
  Float32 a, b, c;
};
Operands random_operands() {
  const Float32 a = random_operand(random_word());
  const Float32 b = random_operand(a);
  return {a, b, random_operand(random_word() % 2 != 0 ? a + b - 0x3f800000 : a)};
}

// Compares a result; the operands are printed if it is wrong.
void expect(const char *name, const Operands &operands, unsigned mode, Float32 result,
            std::uint32_t flags, Float32 expected, std::uint32_t expected_flags) {
  if (result != expected || flags != expected_flags) {
    char text[200];
    std::snprintf(text, sizeof text, "%s(%08x, %08x, %08x) mode %u: %08x flags %02x, not %08x %02x",
                  name, operands.a, operands.b, operands.c, mode, result, flags, expected,
                  expected_flags);
    check::fail(__FILE__, __LINE__, text);
  }
}

// Results of finite operands against exact arithmetic, in all modes.
void test_against_exact_arithmetic(const Operands &in) {
  for (unsigned mode = 0; mode < kRoundingModes; ++mode) {
    const auto rounding = static_cast<RoundingMode>(mode);
    const auto compare = [&](const char *name, const Exact &value, auto compute) {
      std::uint32_t expected_flags = 0;
      const Float32 expected = rounded(value, mode, &expected_flags);
      std::uint32_t flags = 0;
      const Float32 result = compute(FloatContext{rounding, &flags});
      expect(name, in, mode, result, flags, expected, expected_flags);
    };
    if (!is_finite(in.a) || !is_finite(in.b) || is_zero(in.a) || is_zero(in.b)) {
      continue;
    }
    const Exact a = exact(in.a);
    const Exact b = exact(in.b);
    const Exact total = sum(a, b);
    if (total.magnitude != 0) {
      compare("add", total, [&](FloatContext c) { return float_add(in.a, in.b, c); });
    }
    const Exact product{a.negative != b.negative, a.magnitude * b.magnitude,
                        a.exponent + b.exponent, false};
    compare("multiply", product, [&](FloatContext c) { return float_multiply(in.a, in.b, c); });

    Exact quotient{product.negative, (a.magnitude << 100) / b.magnitude,
                   a.exponent - b.exponent - 100, (a.magnitude << 100) % b.magnitude != 0};
    compare("divide", quotient, [&](FloatContext c) { return float_divide(in.a, in.b, c); });

    if (!a.negative) {
      const int odd = a.exponent & 1;
      const Wide square = a.magnitude << (100 + odd);
      Wide root = 0;
      for (int bit = 63; bit >= 0; --bit) {
        const Wide tried = root | Wide{1} << bit;
        if (tried <= square / tried) {
          root = tried;
        }
      }
      const Exact value{false, root, (a.exponent - odd - 100) / 2, root * root != square};
      compare("square root", value, [&](FloatContext c) { return float_square_root(in.a, c); });
    }
    if (is_finite(in.c) && !is_zero(in.c)) {
      const Exact fused = sum(product, exact(in.c));
      if (fused.magnitude != 0) {
        compare("multiply-add", fused,
                [&](FloatContext c) { return float_multiply_add(in.a, in.b, in.c, c); });
      }
    }
  }
}

std::uint32_t host_flags() {
  const int raised = std::fetestexcept(FE_ALL_EXCEPT);
  return ((raised & FE_INEXACT) != 0 ? kInexact : 0) |
         ((raised & FE_UNDERFLOW) != 0 ? kUnderflow : 0) |
         ((raised & FE_OVERFLOW) != 0 ? kOverflow : 0) |
         ((raised & FE_DIVBYZERO) != 0 ? kDivideByZero : 0) |
         ((raised & FE_INVALID) != 0 ? kInvalid : 0);
}

// All operands, infinities and NaN included, against the host.
void test_against_host(const Operands &in) {
  static constexpr struct {
    RoundingMode mode;
    int host;
  } kModes[] = {{kNearestEven, FE_TONEAREST},
                {kTowardsZero, FE_TOWARDZERO},
                {kDown, FE_DOWNWARD},
                {kUp, FE_UPWARD}};
  const volatile float a = as_float(in.a);
  const volatile float b = as_float(in.b);
  for (const auto &mode : kModes) {
    const auto compare = [&](const char *name, auto host, auto compute) {
      std::fesetround(mode.host);
      std::feclearexcept(FE_ALL_EXCEPT);
      const volatile float expected = host();
      const std::uint32_t expected_flags = host_flags();
      std::fesetround(FE_TONEAREST);
      std::uint32_t flags = 0;
      const Float32 result = compute(FloatContext{mode.mode, &flags});
      const float number = expected;
      expect(name, in, mode.mode, result, flags, as_bits(number), expected_flags);
    };
    compare("add", [&] { return a + b; }, [&](FloatContext c) { return float_add(in.a, in.b, c); });
    compare(
        "subtract", [&] { return a - b; },
        [&](FloatContext c) { return float_subtract(in.a, in.b, c); });
    compare(
        "multiply", [&] { return a * b; },
        [&](FloatContext c) { return float_multiply(in.a, in.b, c); });
    compare(
        "divide", [&] { return a / b; },
        [&](FloatContext c) { return float_divide(in.a, in.b, c); });
    compare(
        "square root", [&] { return std::sqrt(static_cast<float>(a)); },
        [&](FloatContext c) { return float_square_root(in.a, c); });
    compare(
        "from signed", [&] { return static_cast<float>(static_cast<std::int32_t>(in.a)); },
        [&](FloatContext c) { return float_from_signed(in.a, c); });
    compare(
        "from unsigned",
        [&] { return static_cast<float>(static_cast<std::int64_t>(std::uint64_t{in.a})); },
        [&](FloatContext c) { return float_from_unsigned(in.a, c); });
  }
}

// The host's arithmetic is used where it is certain: it agrees with the arithmetic that is not.
void test_fast_paths(const Operands &in) {
  const auto compare = [&](const char *name, auto fast, auto soft) {
    std::uint32_t flags = 0;
    std::uint32_t soft_flags = 0;
    const Float32 result = fast(FloatContext{kNearestEven, &flags});
    const Float32 expected = soft(FloatContext{kNearestEven, &soft_flags});
    expect(name, in, kNearestEven, result, flags, expected, soft_flags);
  };
  compare(
      "add", [&](FloatContext c) { return float_add(in.a, in.b, c); },
      [&](FloatContext c) { return internal::soft_add(in.a, in.b, c); });
  compare(
      "multiply", [&](FloatContext c) { return float_multiply(in.a, in.b, c); },
      [&](FloatContext c) { return internal::soft_multiply(in.a, in.b, c); });
  compare(
      "multiply-add", [&](FloatContext c) { return float_multiply_add(in.a, in.b, in.c, c); },
      [&](FloatContext c) { return internal::soft_multiply_add(in.a, in.b, in.c, c); });
}

// Conversions to integers against exact arithmetic.
void test_to_integer(Float32 a) {
  for (unsigned mode = 0; mode < kRoundingModes; ++mode) {
    const auto compare = [&](const char *name, auto compute, __int128 minimum, __int128 maximum) {
      std::uint32_t expected_flags = 0;
      std::uint32_t expected = 0;
      const bool nan = (a & ~kSignBit) > kInfinity;
      const bool huge = (a & ~kSignBit) >= 0x53000000;  // 2^39 and more
      const Exact value = exact(a);
      bool inexact = false;
      __int128 integer = 0;
      if (!huge) {
        // Below 2^-50 all numbers round alike.
        Exact scaled = value;
        if (scaled.exponent < -100) {
          scaled = {value.negative, value.magnitude != 0 ? Wide{1} : Wide{0}, -60, false};
        }
        integer = static_cast<__int128>(to_units(scaled, 0, mode, &inexact));
        integer = value.negative ? -integer : integer;
      }
      if (nan || huge || integer < minimum || integer > maximum) {
        expected_flags = kInvalid;
        expected = static_cast<std::uint32_t>(!nan && value.negative ? minimum : maximum);
      } else {
        expected_flags = inexact ? kInexact : 0;
        expected = static_cast<std::uint32_t>(integer);
      }
      std::uint32_t flags = 0;
      const std::uint32_t result =
          compute(a, FloatContext{static_cast<RoundingMode>(mode), &flags});
      expect(name, {a, 0, 0}, mode, result, flags, expected, expected_flags);
    };
    compare("to signed", float_to_signed, INT32_MIN, INT32_MAX);
    compare("to unsigned", float_to_unsigned, 0, UINT32_MAX);
  }
}

// Conversions of integers in the mode that the host does not have.
void test_from_integer(std::uint32_t value) {
  if (value == 0) {
    return;
  }
  for (unsigned mode = 0; mode < kRoundingModes; ++mode) {
    std::uint32_t flags = 0;
    std::uint32_t expected_flags = 0;
    const Float32 expected = rounded({false, value, 0, false}, mode, &expected_flags);
    const Float32 result =
        float_from_unsigned(value, FloatContext{static_cast<RoundingMode>(mode), &flags});
    expect("from unsigned", {value, 0, 0}, mode, result, flags, expected, expected_flags);
  }
}

void test_comparisons(Float32 a, Float32 b) {
  const float x = as_float(a);
  const float y = as_float(b);
  std::uint32_t quiet = 0;
  std::uint32_t signaling = 0;
  CHECK_EQUAL(float_equal(a, b, &quiet), x == y);
  CHECK_EQUAL(float_less(a, b, &signaling), x < y);
  CHECK_EQUAL(float_less_equal(a, b, &signaling), x <= y);
  const bool any_nan = std::isnan(x) || std::isnan(y);
  const auto is_signaling = [](Float32 n) {
    return (n & ~kSignBit) > kInfinity && (n & 0x00400000) == 0;
  };
  const bool any_signaling = is_signaling(a) || is_signaling(b);
  CHECK_EQUAL(quiet, any_signaling ? kInvalid : 0);
  CHECK_EQUAL(signaling, any_nan ? kInvalid : 0);

  std::uint32_t flags = 0;
  const Float32 minimum = float_minimum(a, b, &flags);
  const Float32 maximum = float_maximum(a, b, &flags);
  CHECK_EQUAL(flags, any_signaling ? kInvalid : 0);
  if (!any_nan) {
    CHECK(as_float(minimum) == std::fmin(x, y) && as_float(maximum) == std::fmax(x, y));
    if (x == 0 && y == 0) {
      CHECK_EQUAL(minimum, (a | b));
      CHECK_EQUAL(maximum, (a & b));
    }
  } else if (std::isnan(x) && std::isnan(y)) {
    CHECK(minimum == kCanonicalNan && maximum == kCanonicalNan);
  } else {
    CHECK_EQUAL(minimum, (std::isnan(x) ? b : a));
    CHECK_EQUAL(maximum, minimum);
  }
}

void test_classes() {
  CHECK_EQUAL(float_classify(0xff800000), 1u << 0);
  CHECK_EQUAL(float_classify(0xbf800000), 1u << 1);
  CHECK_EQUAL(float_classify(0x807fffff), 1u << 2);
  CHECK_EQUAL(float_classify(0x80000000), 1u << 3);
  CHECK_EQUAL(float_classify(0x00000000), 1u << 4);
  CHECK_EQUAL(float_classify(0x00000001), 1u << 5);
  CHECK_EQUAL(float_classify(0x00800000), 1u << 6);
  CHECK_EQUAL(float_classify(0x7f800000), 1u << 7);
  CHECK_EQUAL(float_classify(0x7f800001), 1u << 8);
  CHECK_EQUAL(float_classify(0x7fc00000), 1u << 9);
}

// Zeros, infinities and NaN of the fused operation, which the references above leave out.
void test_fused_specials() {
  static constexpr struct {
    Float32 a, b, c;
    RoundingMode mode;
    Float32 result;
    std::uint32_t flags;
  } kCases[] = {
      {kInfinity, 0, kCanonicalNan, kNearestEven, kCanonicalNan, kInvalid},
      {kInfinity, 0, 0x3f800000, kNearestEven, kCanonicalNan, kInvalid},
      {kInfinity, 0x3f800000, 0xff800000, kNearestEven, kCanonicalNan, kInvalid},
      {kInfinity, 0x3f800000, kInfinity, kNearestEven, kInfinity, 0},
      {0x3f800000, 0x3f800000, 0x7f800001, kNearestEven, kCanonicalNan, kInvalid},
      {0x3f800000, 0x3f800000, 0x7fc00001, kNearestEven, kCanonicalNan, 0},
      {0x3f800000, 0x3f800000, 0xbf800000, kNearestEven, 0, 0},
      {0x3f800000, 0x3f800000, 0xbf800000, kDown, kSignBit, 0},
      {0, 0x3f800000, kSignBit, kNearestEven, 0, 0},
      {0, 0x3f800000, kSignBit, kDown, kSignBit, 0},
      {kSignBit, 0x3f800000, kSignBit, kUp, kSignBit, 0},
      {0, 0x3f800000, 0x40000000, kNearestEven, 0x40000000, 0},
  };
  for (const auto &c : kCases) {
    std::uint32_t flags = 0;
    const Float32 result = float_multiply_add(c.a, c.b, c.c, {c.mode, &flags});
    expect("multiply-add", {c.a, c.b, c.c}, c.mode, result, flags, c.result, c.flags);
  }
}

void test_all(const Operands &in) {
  test_against_exact_arithmetic(in);
  test_against_host(in);
  test_fast_paths(in);
  test_to_integer(in.a);
  test_from_integer(in.a);
  test_comparisons(in.a, in.b);
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  test_classes();
  test_fused_specials();
  for (const Float32 a : corners()) {
    for (const Float32 b : corners()) {
      test_all({a, b, corners()[(a + b) % corners().size()]});
    }
  }
  for (int i = 0; i < kRandomOperands; ++i) {
    test_all(random_operands());
  }
  return check::result();
}
