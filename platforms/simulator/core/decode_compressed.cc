#include "platforms/simulator/core/decode.h"

namespace tilewright::simulator {
namespace {

std::uint32_t field(std::uint32_t bits, unsigned low, unsigned count) {
  return bits >> low & ((1u << count) - 1);
}

std::uint32_t i_type(std::uint32_t opcode, unsigned funct3, unsigned rd, unsigned rs1,
                     std::uint32_t immediate) {
  return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | immediate << 20;
}

std::uint32_t s_type(std::uint32_t opcode, unsigned funct3, unsigned rs1, unsigned rs2,
                     std::uint32_t immediate) {
  return opcode | field(immediate, 0, 5) << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 |
         field(immediate, 5, 7) << 25;
}

std::uint32_t r_type(unsigned funct7, unsigned funct3, unsigned rd, unsigned rs1, unsigned rs2) {
  return 0x33 | rd << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | funct7 << 25;
}

std::uint32_t jal(unsigned rd, std::uint32_t offset) {
  return 0x6f | rd << 7 | field(offset, 12, 8) << 12 | field(offset, 11, 1) << 20 |
         field(offset, 1, 10) << 21 | field(offset, 20, 1) << 31;
}

std::uint32_t branch(unsigned funct3, unsigned rs1, std::uint32_t offset) {
  return 0x63 | field(offset, 11, 1) << 7 | field(offset, 1, 4) << 8 | funct3 << 12 | rs1 << 15 |
         field(offset, 5, 6) << 25 | field(offset, 12, 1) << 31;
}

std::uint32_t sign_bits(std::uint32_t bits, unsigned sign, unsigned from) {
  return field(bits, sign, 1) != 0 ? ~0u << from : 0;
}

constexpr std::uint32_t kOpImm = 0x13;
constexpr std::uint32_t kOpLoad = 0x03;
constexpr std::uint32_t kOpLoadFloat = 0x07;
constexpr std::uint32_t kOpStore = 0x23;
constexpr std::uint32_t kOpStoreFloat = 0x27;
constexpr std::uint32_t kOpJalr = 0x67;
constexpr unsigned kWord = 2;  // funct3 of word accesses

// Quadrant 0: accesses relative to a register, addresses on the stack.
std::uint32_t expand_quadrant0(std::uint32_t c) {
  const unsigned rd = 8 + field(c, 2, 3);
  const unsigned rs1 = 8 + field(c, 7, 3);
  const std::uint32_t word_offset =
      field(c, 6, 1) << 2 | field(c, 10, 3) << 3 | field(c, 5, 1) << 6;
  switch (c >> 13) {
    case 0: {  // c.addi4spn
      const std::uint32_t immediate =
          field(c, 6, 1) << 2 | field(c, 5, 1) << 3 | field(c, 11, 2) << 4 | field(c, 7, 4) << 6;
      return immediate != 0 ? i_type(kOpImm, 0, rd, 2, immediate) : 0;
    }
    case 2:
      return i_type(kOpLoad, kWord, rd, rs1, word_offset);
    case 3:
      return i_type(kOpLoadFloat, kWord, rd, rs1, word_offset);
    case 6:
      return s_type(kOpStore, kWord, rs1, rd, word_offset);
    case 7:
      return s_type(kOpStoreFloat, kWord, rs1, rd, word_offset);
    default:
      return 0;
  }
}

// c.srli, c.srai, c.andi and the operations of two registers.
std::uint32_t expand_arithmetic(std::uint32_t c) {
  const unsigned rd = 8 + field(c, 7, 3);
  const unsigned rs2 = 8 + field(c, 2, 3);
  const bool bit12 = field(c, 12, 1) != 0;
  switch (field(c, 10, 2)) {
    case 0:
      return bit12 ? 0 : i_type(kOpImm, 5, rd, rd, field(c, 2, 5));
    case 1:
      return bit12 ? 0 : i_type(kOpImm, 5, rd, rd, 0x400 | field(c, 2, 5));
    case 2:
      return i_type(kOpImm, 7, rd, rd, (field(c, 2, 5) | sign_bits(c, 12, 5)) & 0xfff);
    default:
      break;
  }
  if (bit12) {
    return 0;
  }
  switch (field(c, 5, 2)) {
    case 0:
      return r_type(0x20, 0, rd, rd, rs2);
    case 1:
      return r_type(0, 4, rd, rd, rs2);
    case 2:
      return r_type(0, 6, rd, rd, rs2);
    default:
      return r_type(0, 7, rd, rd, rs2);
  }
}

// Quadrant 1: constants, arithmetic, jumps and branches.
std::uint32_t expand_quadrant1(std::uint32_t c) {
  const unsigned rd = field(c, 7, 5);
  const unsigned rs1 = 8 + field(c, 7, 3);
  const std::uint32_t immediate = field(c, 2, 5) | sign_bits(c, 12, 5);
  const std::uint32_t jump_offset =
      field(c, 3, 3) << 1 | field(c, 11, 1) << 4 | field(c, 2, 1) << 5 | field(c, 7, 1) << 6 |
      field(c, 6, 1) << 7 | field(c, 9, 2) << 8 | field(c, 8, 1) << 10 | sign_bits(c, 12, 11);
  const std::uint32_t branch_offset = field(c, 3, 2) << 1 | field(c, 10, 2) << 3 |
                                      field(c, 2, 1) << 5 | field(c, 5, 2) << 6 |
                                      sign_bits(c, 12, 8);
  switch (c >> 13) {
    case 0:  // c.addi, c.nop
      return i_type(kOpImm, 0, rd, rd, immediate & 0xfff);
    case 1:
      return jal(1, jump_offset);
    case 2:  // c.li
      return i_type(kOpImm, 0, rd, 0, immediate & 0xfff);
    case 3:
      if (immediate == 0 || rd == 0) {
        // No immediate is reserved; x0 is a hint, which lui with x0 is, too.
        return immediate == 0 ? 0 : 0x37 | immediate << 12;
      }
      if (rd == 2) {  // c.addi16sp
        const std::uint32_t offset = field(c, 6, 1) << 4 | field(c, 2, 1) << 5 |
                                     field(c, 5, 1) << 6 | field(c, 3, 2) << 7 |
                                     sign_bits(c, 12, 9);
        return i_type(kOpImm, 0, 2, 2, offset & 0xfff);
      }
      return 0x37 | rd << 7 | immediate << 12;
    case 4:
      return expand_arithmetic(c);
    case 5:
      return jal(0, jump_offset);
    case 6:
      return branch(0, rs1, branch_offset);
    default:
      return branch(1, rs1, branch_offset);
  }
}

// Quadrant 2: accesses to the stack, moves, jumps through registers.
std::uint32_t expand_quadrant2(std::uint32_t c) {
  const unsigned rd = field(c, 7, 5);
  const unsigned rs2 = field(c, 2, 5);
  const std::uint32_t load_offset =
      field(c, 4, 3) << 2 | field(c, 12, 1) << 5 | field(c, 2, 2) << 6;
  const std::uint32_t store_offset = field(c, 9, 4) << 2 | field(c, 7, 2) << 6;
  switch (c >> 13) {
    case 0:  // c.slli
      return field(c, 12, 1) != 0 ? 0 : i_type(kOpImm, 1, rd, rd, rs2);
    case 2:
      return rd == 0 ? 0 : i_type(kOpLoad, kWord, rd, 2, load_offset);
    case 3:
      return i_type(kOpLoadFloat, kWord, rd, 2, load_offset);
    case 4:
      if (rs2 != 0) {  // c.mv, c.add
        return r_type(0, 0, rd, field(c, 12, 1) != 0 ? rd : 0, rs2);
      }
      if (field(c, 12, 1) == 0) {  // c.jr
        return rd == 0 ? 0 : i_type(kOpJalr, 0, 0, rd, 0);
      }
      return rd == 0 ? 0x00100073 : i_type(kOpJalr, 0, 1, rd, 0);  // c.ebreak, c.jalr
    case 6:
      return s_type(kOpStore, kWord, 2, rs2, store_offset);
    case 7:
      return s_type(kOpStoreFloat, kWord, 2, rs2, store_offset);
    default:
      return 0;
  }
}

}  // namespace

std::uint32_t expand_compressed(std::uint16_t bits) {
  switch (bits & 3) {
    case 0:
      return expand_quadrant0(bits);
    case 1:
      return expand_quadrant1(bits);
    case 2:
      return expand_quadrant2(bits);
    default:
      return 0;
  }
}

}  // namespace tilewright::simulator
