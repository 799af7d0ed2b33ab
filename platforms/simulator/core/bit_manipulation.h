// Arithmetic of xcvalu, xcvbitmanip and xcvmac on words, and the time of divisions.
#ifndef PLATFORMS_SIMULATOR_CORE_BIT_MANIPULATION_H_
#define PLATFORMS_SIMULATOR_CORE_BIT_MANIPULATION_H_

#include <cstdint>

#include "platforms/simulator/soc/soc_description.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Ones in bits `low` to `low + length_minus_one`, as far as these are in the word.
inline std::uint32_t bit_field(unsigned length_minus_one, unsigned low) {
  return static_cast<std::uint32_t>(((std::uint64_t{2} << length_minus_one) - 1) << low);
}

// cv.extractu, cv.extract: a field that reaches beyond bit 31 ends there.
inline std::uint32_t extract_unsigned(std::uint32_t value, unsigned length_minus_one,
                                      unsigned low) {
  return (value & bit_field(length_minus_one, low)) >> low;
}
inline std::uint32_t extract_signed(std::uint32_t value, unsigned length_minus_one, unsigned low) {
  const unsigned high = length_minus_one + low < 31 ? length_minus_one + low : 31;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(value << (31 - high)) >>
                                    (31 - high + low));
}
inline std::uint32_t insert_bits(std::uint32_t into, std::uint32_t value, unsigned length_minus_one,
                                 unsigned low) {
  const std::uint32_t field = bit_field(length_minus_one, low);
  return (into & ~field) | (value << low & field);
}

// The forms with a register take length - 1 from its bits 5 to 9, the position from 0 to 4.
inline unsigned field_length(std::uint32_t operand) { return operand >> 5 & 31; }
inline unsigned field_position(std::uint32_t operand) { return operand & 31; }

inline std::uint32_t find_first_one(std::uint32_t value) {
  return value == 0 ? 32 : static_cast<std::uint32_t>(__builtin_ctz(value));
}
inline std::uint32_t find_last_one(std::uint32_t value) {
  return value == 0 ? 32 : 31 - static_cast<std::uint32_t>(__builtin_clz(value));
}
// Bits equal to the sign, without the sign itself; 0 for 0.
inline std::uint32_t count_leading_bits(std::uint32_t value) {
  if (value == 0) {
    return 0;
  }
  const std::uint32_t different = value >> 31 != 0 ? ~value : value;
  return different == 0 ? 31 : static_cast<std::uint32_t>(__builtin_clz(different)) - 1;
}

inline std::uint32_t rotate_right(std::uint32_t value, std::uint32_t amount) {
  const unsigned by = amount & 31;
  return value >> by | value << ((32 - by) & 31);
}

// cv.bitrev: shifts left, then reverses the order of groups of `radix` + 1 bits. What is left over
// at the low end by groups of three is lost.
inline std::uint32_t reverse_groups(std::uint32_t value, unsigned radix, unsigned shift) {
  const unsigned bits = radix == 3 ? 1 : radix + 1;
  const std::uint32_t shifted = value << shift;
  std::uint32_t result = 0;
  for (unsigned i = 0; i + bits <= 32; i += bits) {
    const std::uint32_t group = shifted >> (32 - bits - i) & ((1u << bits) - 1);
    result |= group << i;
  }
  return result;
}

// cv.clip: to [-(bound + 1), bound]; cv.clipu: to [0, bound].
inline std::uint32_t clip_signed(std::uint32_t value, std::uint32_t bound) {
  const auto v = static_cast<std::int32_t>(value);
  const auto high = static_cast<std::int32_t>(bound);
  const std::int32_t low = -high - 1;
  return static_cast<std::uint32_t>(v < low ? low : v > high ? high : v);
}
inline std::uint32_t clip_unsigned(std::uint32_t value, std::uint32_t bound) {
  const auto v = static_cast<std::int32_t>(value);
  const auto high = static_cast<std::int32_t>(bound);
  return static_cast<std::uint32_t>(v < 0 ? 0 : v > high ? high : v);
}
// The bound that an immediate names: 2^(bits - 1) - 1, and 0 for 0.
inline std::uint32_t clip_bound(std::int32_t bits) {
  return bits == 0 ? 0 : (1u << (bits - 1)) - 1;
}

// Shifts right in 32 bits; `rounding` adds half of the last bit before.
inline std::uint32_t rounding_half(unsigned shift) { return (1u << shift) >> 1; }
inline std::uint32_t shift_signed(std::uint32_t value, unsigned shift) {
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(value) >> shift);
}

// Products of half-words.
inline std::uint32_t multiply_low_signed(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint32_t>(static_cast<std::int16_t>(a) * static_cast<std::int16_t>(b));
}
inline std::uint32_t multiply_low_unsigned(std::uint32_t a, std::uint32_t b) {
  return (a & 0xffff) * (b & 0xffff);
}
inline std::uint32_t multiply_high_signed(std::uint32_t a, std::uint32_t b) {
  return multiply_low_signed(a >> 16, b >> 16);
}
inline std::uint32_t multiply_high_unsigned(std::uint32_t a, std::uint32_t b) {
  return (a >> 16) * (b >> 16);
}

// Cycles of a division: one per bit that the quotient can have, and some.
inline Cycle division_cycles(std::uint32_t divisor, bool is_signed, const CoreDescription &timing) {
  if (divisor == 0) {
    return timing.divide_by_zero;
  }
  if (is_signed && divisor >> 31 != 0) {
    const std::uint32_t complement = ~divisor;
    const Cycle zeros = complement == 0 ? 32 : static_cast<Cycle>(__builtin_clz(complement));
    return zeros + timing.divide_negative_base;
  }
  return static_cast<Cycle>(__builtin_clz(divisor)) + timing.divide_positive_base;
}

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_BIT_MANIPULATION_H_
