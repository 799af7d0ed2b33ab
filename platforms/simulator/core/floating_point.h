// IEEE 754 binary32 arithmetic as RISC-V wants it: all rounding modes, exception flags, canonical
// NaNs, tininess detected after rounding.
#ifndef PLATFORMS_SIMULATOR_CORE_FLOATING_POINT_H_
#define PLATFORMS_SIMULATOR_CORE_FLOATING_POINT_H_

#include <cstdint>

namespace tilewright::simulator {

// Numbers are bit patterns; the host's rounding mode is round to nearest, and stays so.
using Float32 = std::uint32_t;

// As in instructions and the control register.
enum RoundingMode : std::uint8_t {
  kNearestEven = 0,
  kTowardsZero = 1,
  kDown = 2,
  kUp = 3,
  kNearestAway = 4,
};
inline constexpr unsigned kRoundingModes = 5;

// Exception flags, as in fflags.
inline constexpr std::uint32_t kInexact = 1;
inline constexpr std::uint32_t kUnderflow = 2;
inline constexpr std::uint32_t kOverflow = 4;
inline constexpr std::uint32_t kDivideByZero = 8;
inline constexpr std::uint32_t kInvalid = 16;

inline constexpr Float32 kSignBit = 0x80000000;
inline constexpr Float32 kCanonicalNan = 0x7fc00000;

// What an operation needs besides its operands; flags are only ever set.
struct FloatContext {
  RoundingMode mode;
  std::uint32_t *flags;
};

Float32 float_add(Float32 a, Float32 b, FloatContext context);
Float32 float_subtract(Float32 a, Float32 b, FloatContext context);
Float32 float_multiply(Float32 a, Float32 b, FloatContext context);
Float32 float_divide(Float32 a, Float32 b, FloatContext context);
Float32 float_square_root(Float32 a, FloatContext context);
// a * b + c, rounded once.
Float32 float_multiply_add(Float32 a, Float32 b, Float32 c, FloatContext context);

// Values outside of the range become its ends, NaN its upper end; both are invalid.
std::uint32_t float_to_signed(Float32 a, FloatContext context);
std::uint32_t float_to_unsigned(Float32 a, FloatContext context);
Float32 float_from_signed(std::uint32_t value, FloatContext context);
Float32 float_from_unsigned(std::uint32_t value, FloatContext context);

// The number of two that is one; -0 is less than +0.
Float32 float_minimum(Float32 a, Float32 b, std::uint32_t *flags);
Float32 float_maximum(Float32 a, Float32 b, std::uint32_t *flags);
bool float_equal(Float32 a, Float32 b, std::uint32_t *flags);
bool float_less(Float32 a, Float32 b, std::uint32_t *flags);
bool float_less_equal(Float32 a, Float32 b, std::uint32_t *flags);
// One bit of ten, as fclass.s.
std::uint32_t float_classify(Float32 a);

namespace internal {
// The operations without the host's arithmetic, for all modes; float_add and others use them where
// a result is not certain otherwise.
Float32 soft_add(Float32 a, Float32 b, FloatContext context);
Float32 soft_multiply(Float32 a, Float32 b, FloatContext context);
Float32 soft_multiply_add(Float32 a, Float32 b, Float32 c, FloatContext context);
}  // namespace internal

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_FLOATING_POINT_H_
