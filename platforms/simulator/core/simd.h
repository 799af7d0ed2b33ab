// Arithmetic of xcvsimd: vectors of two half-words or four bytes in a word.
#ifndef PLATFORMS_SIMULATOR_CORE_SIMD_H_
#define PLATFORMS_SIMULATOR_CORE_SIMD_H_

#include <cstdint>
#include <type_traits>

namespace tilewright::simulator {

// Half-words and bytes, which the instructions take as signed or unsigned.
struct Halves {
  using Signed = std::int16_t;
  using Unsigned = std::uint16_t;
  static constexpr unsigned kBits = 16;
  static constexpr unsigned kLanes = 2;
  static constexpr std::uint32_t kOnes = 0x00010001;  // a one in every lane
};
struct Bytes {
  using Signed = std::int8_t;
  using Unsigned = std::uint8_t;
  static constexpr unsigned kBits = 8;
  static constexpr unsigned kLanes = 4;
  static constexpr std::uint32_t kOnes = 0x01010101;
};

// A lane, extended to an int as `Element` says.
template <typename Element>
int lane(std::uint32_t vector, unsigned index) {
  return static_cast<Element>(vector >> (8 * sizeof(Element) * index));
}

// The lowest lane in all lanes.
template <typename Vector>
std::uint32_t replicate(std::uint32_t scalar) {
  return static_cast<typename Vector::Unsigned>(scalar) * Vector::kOnes;
}

// `operation` of all lanes; of its result as many bits are kept as a lane has.
template <typename Vector, typename Element, typename Operation>
std::uint32_t map_lanes(std::uint32_t a, std::uint32_t b, Operation operation) {
  std::uint32_t result = 0;
  for (unsigned i = 0; i < Vector::kLanes; ++i) {
    const int value = operation(lane<Element>(a, i), lane<Element>(b, i));
    result |= static_cast<std::uint32_t>(static_cast<typename Vector::Unsigned>(value))
              << (Vector::kBits * i);
  }
  return result;
}
template <typename Vector, typename Operation>
std::uint32_t map_signed(std::uint32_t a, std::uint32_t b, Operation operation) {
  return map_lanes<Vector, typename Vector::Signed>(a, b, operation);
}
template <typename Vector, typename Operation>
std::uint32_t map_unsigned(std::uint32_t a, std::uint32_t b, Operation operation) {
  return map_lanes<Vector, typename Vector::Unsigned>(a, b, operation);
}

// Sums that do not carry into the next lane: the top bits are added apart.
template <typename Vector>
std::uint32_t add_lanes(std::uint32_t a, std::uint32_t b) {
  constexpr std::uint32_t kTop = Vector::kOnes << (Vector::kBits - 1);
  return ((a & ~kTop) + (b & ~kTop)) ^ ((a ^ b) & kTop);
}
template <typename Vector>
std::uint32_t subtract_lanes(std::uint32_t a, std::uint32_t b) {
  constexpr std::uint32_t kTop = Vector::kOnes << (Vector::kBits - 1);
  return ((a | kTop) - (b & ~kTop)) ^ ((a ^ ~b) & kTop);
}

// Sum of the products of lanes, modulo 2^32.
template <typename ElementA, typename ElementB>
std::uint32_t dot_product(std::uint32_t a, std::uint32_t b) {
  static_assert(sizeof(ElementA) == sizeof(ElementB));
  std::uint32_t sum = 0;
  for (unsigned i = 0; i < 4 / sizeof(ElementA); ++i) {
    sum += static_cast<std::uint32_t>(lane<ElementA>(a, i)) *
           static_cast<std::uint32_t>(lane<ElementB>(b, i));
  }
  return sum;
}

template <typename Vector>
std::uint32_t dot_unsigned(std::uint32_t a, std::uint32_t b) {
  return dot_product<typename Vector::Unsigned, typename Vector::Unsigned>(a, b);
}
template <typename Vector>
std::uint32_t dot_mixed(std::uint32_t a, std::uint32_t b) {
  return dot_product<typename Vector::Unsigned, typename Vector::Signed>(a, b);
}
template <typename Vector>
std::uint32_t dot_signed(std::uint32_t a, std::uint32_t b) {
  return dot_product<typename Vector::Signed, typename Vector::Signed>(a, b);
}

// Comparisons yield all ones or zeros.
inline int all_bits(bool condition) { return condition ? -1 : 0; }

// cv.shuffle: lanes of `a` in the order that the lanes of `order` name.
template <typename Vector>
std::uint32_t shuffle(std::uint32_t a, std::uint32_t order) {
  return map_unsigned<Vector>(order, 0, [a](int index, int) {
    return lane<typename Vector::Unsigned>(a, static_cast<unsigned>(index) % Vector::kLanes);
  });
}
// cv.shuffle2: the bit above the lane's number chooses `a`, or else `other`.
template <typename Vector>
std::uint32_t shuffle_two(std::uint32_t a, std::uint32_t other, std::uint32_t order) {
  return map_unsigned<Vector>(order, 0, [a, other](int index, int) {
    const auto number = static_cast<unsigned>(index);
    const std::uint32_t source = (number & Vector::kLanes) != 0 ? a : other;
    return lane<typename Vector::Unsigned>(source, number % Vector::kLanes);
  });
}
// The orders of cv.shuffle.sci.h (one bit per lane) and cv.shuffleI*.sci.b (two bits per lane).
inline std::uint32_t shuffle_halves_order(std::uint32_t immediate) {
  return (immediate & 1) | (immediate & 2) << 15;
}
inline std::uint32_t shuffle_bytes_order(std::uint32_t immediate, std::uint32_t top_lane) {
  return (immediate & 3) | (immediate >> 2 & 3) << 8 | (immediate >> 4 & 3) << 16 | top_lane << 24;
}

// A vector with one lane replaced.
template <typename Vector>
std::uint32_t insert_lane(std::uint32_t vector, std::uint32_t value, unsigned index) {
  constexpr std::uint32_t kLaneMask = (1u << Vector::kBits) - 1;
  const unsigned shift = Vector::kBits * index;
  return (vector & ~(kLaneMask << shift)) | (value & kLaneMask) << shift;
}

// Complex numbers: the real part is the low half-word. Products are 32-bit sums of products, of
// which 16 bits from bit 15 + `shift` on are kept.
inline std::uint32_t complex_part(std::uint32_t product, unsigned shift) {
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(product) >> (15 + shift)) & 0xffff;
}
inline std::uint32_t complex_real(std::uint32_t a, std::uint32_t b, unsigned shift) {
  using Half = std::int16_t;
  const auto product = static_cast<std::uint32_t>(lane<Half>(a, 0) * lane<Half>(b, 0)) -
                       static_cast<std::uint32_t>(lane<Half>(a, 1) * lane<Half>(b, 1));
  return complex_part(product, shift);
}
inline std::uint32_t complex_imaginary(std::uint32_t a, std::uint32_t b, unsigned shift) {
  using Half = std::int16_t;
  const auto product = static_cast<std::uint32_t>(lane<Half>(a, 0) * lane<Half>(b, 1)) +
                       static_cast<std::uint32_t>(lane<Half>(a, 1) * lane<Half>(b, 0));
  return complex_part(product, shift);
}
// Every half-word, shifted right.
inline std::uint32_t shift_halves(std::uint32_t vector, int shift) {
  return map_signed<Halves>(vector, 0, [shift](int a, int) { return a >> shift; });
}
// a - b, rotated by -j: the real part of the result is the difference of the imaginary parts.
inline std::uint32_t subtract_rotated(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t difference = subtract_lanes<Halves>(a, b);
  const std::uint32_t negated = subtract_lanes<Halves>(b, a);
  return difference >> 16 | negated << 16;
}

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_SIMD_H_
