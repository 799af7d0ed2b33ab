// Consistency of the table of encodings, and of decoding 16-bit instructions.
#include "platforms/simulator/core/decode.h"

#include <cstdio>
#include <set>
#include <string>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

constexpr std::uint32_t kCustomOpcodes[] = {0x0b, 0x2b, 0x5b, 0x7b};

// Two encodings overlap if they agree in all bits that both fix.
void test_encodings_do_not_overlap() {
  const Encoding *const table = encodings();
  for (std::size_t i = 0; i < encoding_count(); ++i) {
    CHECK((table[i].match & ~table[i].mask) == 0);
    CHECK((table[i].match & 3) == 3);
    for (std::size_t j = i + 1; j < encoding_count(); ++j) {
      const std::uint32_t common = table[i].mask & table[j].mask;
      if ((table[i].match & common) == (table[j].match & common)) {
        std::printf("%s and %s overlap\n", table[i].mnemonic, table[j].mnemonic);
        CHECK(false);
      }
    }
  }
}

// Every encoding decodes to its operation, whatever the operands are.
void test_every_encoding_decodes() {
  std::uint32_t random = 1;
  for (std::size_t i = 0; i < encoding_count(); ++i) {
    const Encoding &encoding = encodings()[i];
    for (int n = 0; n < 200; ++n) {
      random = random * 1664525u + 1013904223u;
      std::uint32_t word = (random & ~encoding.mask) | encoding.match;
      // Destinations other than x0, rounding modes that exist, no increments of x0.
      word |= (~encoding.mask & 0x80) | (~encoding.mask & 0x8000);
      if ((encoding.mask & 0x7000) == 0 && (word & 0x7f) != 0x6f) {
        word &= ~0x7000u;
      }
      const Decoded decoded = decode(word, 4, 0x1000);
      CHECK(decoded.instruction.size == 4);
      if (decoded.instruction.effect != encoding.operation) {
        std::printf("0x%08x is not %s\n", word, encoding.mnemonic);
        CHECK(false);
      }
    }
  }
}

// The custom opcodes hold nothing beside the encodings: of all values of the fields that select an
// instruction, exactly those in the table decode.
void test_custom_opcodes_are_covered() {
  std::set<std::uint16_t> seen;
  for (const std::uint32_t opcode : kCustomOpcodes) {
    for (std::uint32_t funct3 = 0; funct3 < 8; ++funct3) {
      for (std::uint32_t high = 0; high < 4096; ++high) {
        for (const std::uint32_t low :
             {0x080u, 0x180u, 0x280u, 0x380u, 0x480u, 0x580u, 0x680u, 0x780u}) {
          const std::uint32_t word = opcode | low | funct3 << 12 | 1u << 15 | high << 20;
          seen.insert(decode(word, 4, 0).instruction.effect);
          // Immediates and second registers that must be zero: rs1 of the loop instructions.
          seen.insert(decode(word & ~0xf8000u, 4, 0).instruction.effect);
        }
      }
    }
  }
  for (std::size_t i = 0; i < encoding_count(); ++i) {
    const Encoding &encoding = encodings()[i];
    for (const std::uint32_t opcode : kCustomOpcodes) {
      if ((encoding.match & 0x7f) == opcode && seen.count(encoding.operation) == 0) {
        std::printf("%s never decodes\n", encoding.mnemonic);
        CHECK(false);
      }
    }
  }
}

std::uint16_t effect_of(std::uint32_t word) { return decode(word, 4, 0x1000).instruction.effect; }

// Encodings of the assembler, and of the manual where it knows none.
void test_known_words() {
  CHECK(effect_of(0x00000013) == kAddi);
  CHECK(effect_of(0x0000006f) == kJump);
  CHECK(effect_of(0x000000ef) == kJal);
  CHECK(effect_of(0xfff0c0ef) == kJal);  // funct3 is part of the immediate
  CHECK(effect_of(0x0012a013) == kRegionBegins);
  CHECK(effect_of(0x00202013) == kRegionEnds);
  CHECK(effect_of(0x0012a093) == kSlti);
  CHECK(effect_of(0x00f2c72b) == kCvSetup);
  CHECK(effect_of(0x0042a30b) == kCvLwPost);
  CHECK(effect_of(0xffffffff) == kIllegal);
  CHECK(effect_of(0x00000000) == kIllegal);
  // A reserved rounding mode.
  CHECK(effect_of(0x0020d053) == kIllegal);
  CHECK(effect_of(0x0020f053) == kFadd);
  // A word of which only half exists.
  CHECK(decode(0x00000013, 2, 0).instruction.effect == kIllegal);
  // Words that LLVM's assembler makes of the mnemonics.
  static constexpr struct {
    std::uint32_t word;
    Operation operation;
  } kAssembled[] = {
      {0xa873937b, kSimdSdotspB},  {0x9073937b, kSimdDotspB},    {0x03f0f0fb, kSimdAddSciB},
      {0x90c5b52b, kCvMac},        {0xe0c5857b, kSimdShuffle2H}, {0x0005b50b, kCvElw},
      {0x01d5640b, kCvBeqimm},     {0x8645855b, kCvInsert},      {0xc445955b, kCvBitrev},
      {0x56c5c57b, kCplxMulIDiv4}, {0x4235e57b, kSimdSrlSciH},   {0xfac5957b, kSimdPackhiB},
      {0x68c59543, kFmadd},
  };
  for (const auto &assembled : kAssembled) {
    CHECK_EQUAL(effect_of(assembled.word), assembled.operation);
  }
  // cv.add.sci.b ra, ra, -1: the immediate is in all lanes; cv.srl.sci.h a0, a1, 7: in both.
  CHECK_EQUAL(decode(0x03f0f0fb, 4, 0).instruction.immediate, -1);
  CHECK_EQUAL(decode(0x4235e57b, 4, 0).instruction.immediate, 0x00070007);
  // cv.beqimm s0, -3, .+8; cv.insert a0, a1, 3, 4.
  CHECK_EQUAL(static_cast<std::int8_t>(decode(0x01d5640b, 4, 0).instruction.rs3), -3);
  CHECK_EQUAL(decode(0x01d5640b, 4, 0).instruction.immediate, 8);
  CHECK_EQUAL(int{decode(0x8645855b, 4, 0).instruction.rs3}, 3);
  CHECK_EQUAL(int{decode(0x8645855b, 4, 0).instruction.rs2}, 4);
  // fmadd.s fa0, fa1, fa2, fa3, rtz.
  CHECK_EQUAL(int{decode(0x68c59543, 4, 0).instruction.rs3}, 13);
  CHECK_EQUAL(int{decode(0x68c59543, 4, 0).instruction.rounding_mode}, 1);
}

void test_compressed() {
  CHECK(expand_compressed(0x0000) == 0);
  CHECK(expand_compressed(0x0001) == 0x00000013);  // c.nop
  CHECK(expand_compressed(0x8082) == 0x00008067);  // ret
  CHECK(expand_compressed(0x9002) == 0x00100073);  // c.ebreak
  CHECK(expand_compressed(0x8002) == 0);           // c.jr x0
  CHECK(expand_compressed(0x6101) == 0);           // c.addi16sp 0
  CHECK(expand_compressed(0x1141) == 0xff010113);  // addi sp, sp, -16
  CHECK(expand_compressed(0x7179) == 0xfd010113);  // c.addi16sp -48
  CHECK(expand_compressed(0xc606) == 0x00112623);  // sw ra, 12(sp)
  CHECK(expand_compressed(0x40b2) == 0x00c12083);  // lw ra, 12(sp)
  CHECK(expand_compressed(0xbfcd) == 0xff3ff06f);  // j .-14
  CHECK(expand_compressed(0xfd75) == 0xfe051ee3);  // bnez a0, .-4
  CHECK(expand_compressed(0x4508) == 0x00852503);  // c.lw a0, 8(a0)
  CHECK(expand_compressed(0x6532) == 0x00c12507);  // c.flwsp fa0, 12(sp)
  CHECK(expand_compressed(0xe1a8) == 0x04a5a027);  // c.fsw fa0, 64(a1)
  CHECK(expand_compressed(0x1fe8) == 0x3fc10513);  // c.addi4spn a0, sp, 1020
  CHECK(expand_compressed(0x857d) == 0x41f55513);  // c.srai a0, 31
  CHECK(expand_compressed(0x9901) == 0xfe057513);  // c.andi a0, -32
  CHECK(expand_compressed(0x2ffd) == 0x7fe000ef);  // c.jal .+2046
  CHECK(expand_compressed(0x7505) == 0xfffe1537);  // c.lui a0, 0xfffe1
  CHECK(expand_compressed(0xdfaa) == 0x0ea12e23);  // c.swsp a0, 252(sp)
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 3) == 3) {
      continue;
    }
    const std::uint32_t word = expand_compressed(static_cast<std::uint16_t>(bits));
    const Decoded decoded = decode(bits, 2, 0);
    CHECK(decoded.instruction.size == 2);
    CHECK((word == 0) == (decoded.instruction.effect == kIllegal));
  }
}

// Registers that take part in hazards.
void test_hazards() {
  const Decoded load = decode(0x0042a30b, 4, 0);  // cv.lw t1, (t0), 4
  const auto uses = [&](std::uint32_t word) { return load_use_hazard(load, decode(word, 4, 4)); };
  CHECK(uses(0x00130313));   // addi t1, t1, 1
  CHECK(!uses(0x00128293));  // addi t0, t0, 1: the incremented address is there
  CHECK(uses(0x0062a023));   // sw t1, 0(t0)
  CHECK(!uses(0x00000313));  // li t1, 0
  // cv.sdotsp.b t1, t2, t2 reads its destination, cv.dotsp.b does not.
  CHECK(uses(0xa873937b));
  CHECK(!uses(0x9073937b));
  CHECK(jump_register_hazard(load, decode(0x00030067, 4, 4)));  // jr t1
  CHECK(jump_register_hazard(load, decode(0x00028067, 4, 4)));  // jr t0
  CHECK(!jump_register_hazard(load, decode(0x00008067, 4, 4)));
  // x0 is never late.
  const Decoded nothing = decode(0x0002a003, 4, 0);
  CHECK(!load_use_hazard(nothing, decode(0x00000013, 4, 4)));
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  test_encodings_do_not_overlap();
  test_every_encoding_decodes();
  test_custom_opcodes_are_covered();
  test_known_words();
  test_compressed();
  test_hazards();
  return check::result();
}
