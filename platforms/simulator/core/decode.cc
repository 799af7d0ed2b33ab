#include "platforms/simulator/core/decode.h"

#include <array>
#include <vector>

namespace tilewright::simulator {
namespace {

// Where an encoding has its operands. "Accumulate": rd is read, too.
enum Format : std::uint8_t {
  kNone,
  kRegister,
  kRegisterAccumulate,
  kUnary,
  kImmediate,
  kShift,
  kUpper,
  kUpperRelative,
  kBranch,
  kBranchImmediate,  // rs3 is the constant that rs1 is compared with
  kCsr,
  kCsrImmediate,  // rs2 is the constant
  kLoad,
  kRegisterLoad,
  kLoadPost,
  kLoadPostRegister,
  kStore,
  kStoreRegister,  // the offset's register, rs3, is where rd is elsewhere
  kStorePost,
  kStorePostRegister,
  kLoopImmediate,  // rd is the number of the loop, rs2 the field of rs1
  kLoopRegister,
  kBits,  // rs3 + 1 bits from bit rs2 on
  kBitsAccumulate,
  kRegisterShift,
  kRegisterShiftAccumulate,
  kSimdSigned,  // the immediate is replicated to a word
  kSimdUnsigned,
  kSimdSignedAccumulate,
  kSimdUnsignedAccumulate,
  kSimdIndex,
  kSimdIndexAccumulate,
  kFloatLoad,
  kFloatStore,
  kFloatRegister,
  kFloatUnary,
  kFloatFused,
  kFloatCompare,
  kFloatToInteger,
  kIntegerToFloat,
};
// The format of jal shares its name with the operation of a jump without a link.
constexpr Format kJumpFormat = static_cast<Format>(kIntegerToFloat + 1);

constexpr std::uint8_t format_of(Format format) { return format; }
constexpr std::uint8_t format_of(Operation) { return kJumpFormat; }

constexpr std::uint32_t simd_match(unsigned funct6, unsigned funct3) {
  return 0x7b | funct3 << 12 | funct6 << 26;
}

constexpr Encoding kEncodings[] = {
#define OPERATION(name, mnemonic, mask, match, format) \
  {mnemonic, mask, match, k##name, format_of(format)},
#define SIMD(name, mnemonic, funct6, immediate_format, format)                               \
  {"cv." mnemonic ".h", 0xfe00707f, simd_match(funct6, 0), kSimd##name##H, format},          \
      {"cv." mnemonic ".sc.h", 0xfe00707f, simd_match(funct6, 4), kSimd##name##ScH, format}, \
      {"cv." mnemonic ".sci.h", 0xfc00707f, simd_match(funct6, 6), kSimd##name##SciH,        \
       immediate_format},                                                                    \
      {"cv." mnemonic ".b", 0xfe00707f, simd_match(funct6, 1), kSimd##name##B, format},      \
      {"cv." mnemonic ".sc.b", 0xfe00707f, simd_match(funct6, 5), kSimd##name##ScB, format}, \
      {"cv." mnemonic ".sci.b", 0xfc00707f, simd_match(funct6, 7), kSimd##name##SciB,        \
       immediate_format},
#include "platforms/simulator/core/operations.inc"
#undef OPERATION
#undef SIMD
};
constexpr std::size_t kEncodingCount = sizeof kEncodings / sizeof kEncodings[0];

// Encodings by the seven bits of the opcode and funct3 (all eight of them where it is an operand).
const std::vector<const Encoding *> &candidates(std::uint32_t word) {
  static const auto table = [] {
    std::array<std::vector<const Encoding *>, 1024> buckets;
    for (const Encoding &encoding : kEncodings) {
      for (std::uint32_t funct3 = 0; funct3 < 8; ++funct3) {
        if (((funct3 << 12 ^ encoding.match) & encoding.mask & 0x7000) == 0) {
          buckets[(encoding.match & 0x7f) << 3 | funct3].push_back(&encoding);
        }
      }
    }
    return buckets;
  }();
  return table[(word & 0x7f) << 3 | (word >> 12 & 7)];
}

std::int32_t sign_extend(std::uint32_t value, unsigned bits) {
  return static_cast<std::int32_t>(value << (32 - bits)) >> (32 - bits);
}

std::uint64_t x(unsigned index) { return index == 0 ? 0 : std::uint64_t{1} << index; }
std::uint64_t f(unsigned index) { return std::uint64_t{1} << (32 + index); }

// Splits a word into its operands.
void read_operands(const Encoding &encoding, std::uint32_t word, Address address,
                   Decoded *decoded) {
  Instruction &in = decoded->instruction;
  const auto bits = [word](unsigned low, unsigned count) {
    return word >> low & ((1u << count) - 1);
  };
  const unsigned rd = bits(7, 5);
  const unsigned rs1 = bits(15, 5);
  const unsigned rs2 = bits(20, 5);
  const std::int32_t immediate_i = sign_extend(bits(20, 12), 12);
  const std::int32_t immediate_s = sign_extend(bits(25, 7) << 5 | bits(7, 5), 12);
  const std::int32_t immediate_b =
      sign_extend(bits(31, 1) << 12 | bits(7, 1) << 11 | bits(25, 6) << 5 | bits(8, 4) << 1, 13);
  // SIMD immediates have their lowest bit apart, at 25.
  const std::uint32_t immediate_6 = bits(20, 5) << 1 | bits(25, 1);
  const auto replicate = [word](std::uint32_t value) {
    return static_cast<std::int32_t>((word >> 12 & 1) != 0 ? (value & 0xff) * 0x01010101u
                                                           : (value & 0xffff) * 0x00010001u);
  };
  in.rd = static_cast<std::uint8_t>(rd);
  in.rs1 = static_cast<std::uint8_t>(rs1);
  in.rs2 = static_cast<std::uint8_t>(rs2);
  const auto reads = [decoded](std::uint64_t mask) { decoded->reads |= mask; };
  bool writes_rd = true;
  bool float_rd = false;
  bool load = false;
  switch (static_cast<unsigned>(encoding.format)) {
    case kNone:
      writes_rd = false;
      in.immediate = immediate_i;
      break;
    case kRegisterAccumulate:
      reads(x(rd));
      [[fallthrough]];
    case kRegister:
      reads(x(rs1) | x(rs2));
      break;
    case kUnary:
    case kImmediate:
      reads(x(rs1));
      in.immediate = immediate_i;
      break;
    case kShift:
      reads(x(rs1));
      in.immediate = static_cast<std::int32_t>(rs2);
      break;
    case kUpper:
      in.immediate = static_cast<std::int32_t>(word & 0xfffff000);
      break;
    case kUpperRelative:
      in.immediate = static_cast<std::int32_t>((word & 0xfffff000) + address);
      break;
    case kJumpFormat:
      in.immediate = sign_extend(
          bits(31, 1) << 20 | bits(12, 8) << 12 | bits(20, 1) << 11 | bits(21, 10) << 1, 21);
      break;
    case kBranch:
      reads(x(rs1) | x(rs2));
      in.immediate = immediate_b;
      writes_rd = false;
      break;
    case kBranchImmediate:
      reads(x(rs1));
      in.rs3 = static_cast<std::uint8_t>(sign_extend(rs2, 5));
      in.immediate = immediate_b;
      writes_rd = false;
      break;
    case kCsr:
      reads(x(rs1));
      in.immediate = static_cast<std::int32_t>(bits(20, 12));
      break;
    case kCsrImmediate:
      in.rs2 = static_cast<std::uint8_t>(rs1);
      in.immediate = static_cast<std::int32_t>(bits(20, 12));
      break;
    case kLoadPost:
      decoded->writes |= x(rs1);
      [[fallthrough]];
    case kLoad:
      reads(x(rs1));
      in.immediate = immediate_i;
      load = true;
      break;
    case kLoadPostRegister:
      decoded->writes |= x(rs1);
      [[fallthrough]];
    case kRegisterLoad:
      reads(x(rs1) | x(rs2));
      load = true;
      break;
    case kStorePost:
      decoded->writes |= x(rs1);
      [[fallthrough]];
    case kStore:
      reads(x(rs1) | x(rs2));
      in.immediate = immediate_s;
      writes_rd = false;
      break;
    case kStorePostRegister:
      decoded->writes |= x(rs1);
      [[fallthrough]];
    case kStoreRegister:
      reads(x(rs1) | x(rs2) | x(rd));
      in.rs3 = static_cast<std::uint8_t>(rd);
      writes_rd = false;
      break;
    case kLoopRegister:
      reads(x(rs1));
      [[fallthrough]];
    case kLoopImmediate:
      in.rd = static_cast<std::uint8_t>(rd & 1);
      in.rs2 = static_cast<std::uint8_t>(rs1);
      in.immediate = static_cast<std::int32_t>(bits(20, 12));
      writes_rd = false;
      break;
    case kBitsAccumulate:
      reads(x(rd));
      [[fallthrough]];
    case kBits:
      reads(x(rs1));
      in.rs3 = static_cast<std::uint8_t>(bits(25, 5));
      break;
    case kRegisterShiftAccumulate:
      reads(x(rd));
      [[fallthrough]];
    case kRegisterShift:
      reads(x(rs1) | x(rs2));
      in.immediate = static_cast<std::int32_t>(bits(25, 5));
      break;
    case kSimdSignedAccumulate:
      reads(x(rd));
      [[fallthrough]];
    case kSimdSigned:
      reads(x(rs1));
      in.immediate = replicate(static_cast<std::uint32_t>(sign_extend(immediate_6, 6)));
      break;
    case kSimdUnsignedAccumulate:
      reads(x(rd));
      [[fallthrough]];
    case kSimdUnsigned:
      reads(x(rs1));
      in.immediate = replicate(immediate_6);
      break;
    case kSimdIndexAccumulate:
      reads(x(rd));
      [[fallthrough]];
    case kSimdIndex:
      reads(x(rs1));
      in.immediate = static_cast<std::int32_t>(immediate_6);
      break;
    case kFloatLoad:
      reads(x(rs1));
      in.immediate = immediate_i;
      load = true;
      float_rd = true;
      break;
    case kFloatStore:
      reads(x(rs1) | f(rs2));
      in.immediate = immediate_s;
      writes_rd = false;
      break;
    case kFloatFused:
      in.rs3 = static_cast<std::uint8_t>(bits(27, 5));
      reads(f(in.rs3));
      [[fallthrough]];
    case kFloatRegister:
      reads(f(rs2));
      [[fallthrough]];
    case kFloatUnary:
      reads(f(rs1));
      float_rd = true;
      break;
    case kFloatCompare:
      reads(f(rs2));
      [[fallthrough]];
    case kFloatToInteger:
      reads(f(rs1));
      break;
    case kIntegerToFloat:
      reads(x(rs1));
      float_rd = true;
      break;
  }
  if (writes_rd) {
    (load ? decoded->loads : decoded->writes) |= float_rd ? f(rd) : x(rd);
    if (!float_rd && rd == 0) {
      in.rd = kDiscard;
    }
  }
  in.rounding_mode = static_cast<std::uint8_t>(bits(12, 3));
}

// Post-increments of x0 increment nothing.
void drop_increment_of_zero(Instruction *in) {
  if (in->rs1 != 0) {
    return;
  }
  static constexpr struct {
    Operation post, post_register, plain;
  } kAccesses[] = {
      {kCvLbPost, kCvLbPostRegister, kLb},    {kCvLhPost, kCvLhPostRegister, kLh},
      {kCvLwPost, kCvLwPostRegister, kLw},    {kCvLbuPost, kCvLbuPostRegister, kLbu},
      {kCvLhuPost, kCvLhuPostRegister, kLhu}, {kCvSbPost, kCvSbPostRegister, kSb},
      {kCvShPost, kCvShPostRegister, kSh},    {kCvSwPost, kCvSwPostRegister, kSw},
  };
  for (const auto &access : kAccesses) {
    if (in->effect == access.post || in->effect == access.post_register) {
      in->effect = access.plain;
      in->immediate = 0;
    }
  }
}

bool has_rounding_mode(const Encoding &encoding) {
  return encoding.format >= kFloatRegister && encoding.format != kJumpFormat &&
         (encoding.mask & 0x7000) == 0;
}

}  // namespace

const Encoding *encodings() { return kEncodings; }
std::size_t encoding_count() { return kEncodingCount; }

const char *mnemonic(Operation operation) {
  for (const Encoding &encoding : kEncodings) {
    if (encoding.operation == operation) {
      return encoding.mnemonic;
    }
  }
  return "";
}

Decoded decode(std::uint32_t word, std::uint32_t available, Address address) {
  Decoded decoded;
  Instruction &in = decoded.instruction;
  in.effect = kIllegal;
  in.immediate = static_cast<std::int32_t>(word);
  const bool compressed = (word & 3) != 3;
  if (available < (compressed ? 2 : 4)) {
    return decoded;
  }
  in.size = compressed ? 2 : 4;
  if (compressed) {
    in.immediate = static_cast<std::int32_t>(word & 0xffff);
    word = expand_compressed(static_cast<std::uint16_t>(word));
  }
  for (const Encoding *encoding : candidates(word)) {
    if ((word & encoding->mask) != encoding->match) {
      continue;
    }
    const unsigned rounding = word >> 12 & 7;
    if (has_rounding_mode(*encoding) && (rounding == 5 || rounding == 6)) {
      break;
    }
    in.effect = encoding->operation;
    read_operands(*encoding, word, address, &decoded);
    drop_increment_of_zero(&in);
    if (in.effect == kJal && in.rd == kDiscard) {
      in.effect = kJump;
    }
    if (in.effect == kSlti && in.rd == kDiscard && in.immediate == 1) {
      in.effect = kRegionBegins;
    }
    if (in.effect == kSlti && in.rd == kDiscard && in.immediate == 2) {
      in.effect = kRegionEnds;
    }
    break;
  }
  return decoded;
}

Decoded decode(const CodeRegion &region, Address address) {
  const std::uint32_t offset = address - region.begin;
  std::uint32_t word = 0;
  std::uint32_t available = 0;
  while (available < 4 && offset + available < region.bytes.size()) {
    word |= static_cast<std::uint32_t>(region.bytes[offset + available]) << (8 * available);
    ++available;
  }
  return decode(word, available, address);
}

bool load_use_hazard(const Decoded &first, const Decoded &second) {
  return (first.loads & second.reads) != 0;
}

bool jump_register_hazard(const Decoded &first, const Decoded &second) {
  return second.instruction.effect == kJalr && ((first.loads | first.writes) & second.reads) != 0;
}

}  // namespace tilewright::simulator
