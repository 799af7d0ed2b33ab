// Where segments go, what is protected, and what is refused.
#include "platforms/simulator/soc/firmware_loader.h"

#include <cstring>
#include <string>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

constexpr Address kL1 = 0x10000000;
constexpr Address kWeights = 0x10400000;
constexpr Address kL2 = 0x1c000000;

constexpr std::uint32_t kExecute = 1;
constexpr std::uint32_t kWrite = 2;
constexpr std::uint32_t kRead = 4;

struct Part {
  Address address;
  std::uint32_t flags;
  std::uint32_t memory_size;
  std::vector<std::uint8_t> bytes;
};

// An executable with one loadable segment per part.
ElfFile executable(Address entry, const std::vector<Part> &parts) {
  std::vector<std::uint8_t> file(52 + 32 * parts.size());
  const auto half = [&file](std::size_t at, std::uint32_t value) {
    std::memcpy(&file[at], &value, 2);
  };
  const auto word = [&file](std::size_t at, std::uint32_t value) {
    std::memcpy(&file[at], &value, 4);
  };
  std::memcpy(file.data(),
              "\x7f"
              "ELF\1\1\1",
              7);
  half(16, 2);    // executable
  half(18, 243);  // RISC-V
  word(20, 1);
  word(24, entry);
  word(28, 52);  // program headers
  half(40, 52);
  half(42, 32);
  half(44, static_cast<std::uint32_t>(parts.size()));
  half(46, 40);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part &part = parts[i];
    const std::size_t header = 52 + 32 * i;
    word(header, 1);  // loadable
    word(header + 4, static_cast<std::uint32_t>(file.size()));
    word(header + 8, part.address);
    word(header + 12, part.address);
    word(header + 16, static_cast<std::uint32_t>(part.bytes.size()));
    word(header + 20, part.memory_size);
    word(header + 24, part.flags);
    word(header + 28, 1);
    file.insert(file.end(), part.bytes.begin(), part.bytes.end());
  }
  return ElfFile::parse(file, "test.elf");
}

struct Bench {
  void load(Address entry, const std::vector<Part> &parts) {
    load_firmware(executable(entry, parts), &tcdm, &l2, &weights, &code);
  }
  void refuses(Address entry, const std::vector<Part> &parts,
               const std::vector<std::string> &wanted) {
    for (const std::string &text : wanted) {
      CHECK_THROWS(load(entry, parts), ElfError,
                   std::string(error.what()).find(text) != std::string::npos);
    }
  }

  Tcdm tcdm{kL1, 0x1000, 16};
  ExternalMemory l2{"L2", kL2, 0x10000};
  ExternalMemory weights{"weight memory", kWeights, 0x10000};
  CodeImage code;
};

const std::vector<std::uint8_t> kCode = {0x6f, 0, 0, 0};

void check_loading() {
  Bench b;
  b.load(kL2 + 0x100, {{kL2 + 0x100, kRead | kExecute, 4, kCode},
                       {kL2 + 0x200, kRead, 3, {1, 2, 3}},
                       {kL2 + 0x300, kRead | kWrite, 0x100, {4, 5}},
                       {kL1 + 0x10, kRead | kWrite, 8, {6}},
                       {kWeights, kRead, 2, {7, 8}},
                       {kL2 + 0x300, kRead, 0, {}}});
  CHECK_EQUAL(int{*b.l2.at(kL2 + 0x100)}, 0x6f);
  CHECK_EQUAL(int{*b.l2.at(kL2 + 0x202)}, 3);
  CHECK_EQUAL(int{*b.l2.at(kL2 + 0x301)}, 5);
  CHECK_EQUAL(int{*b.l2.at(kL2 + 0x302)}, 0);
  CHECK_EQUAL(int{b.tcdm.data()[0x10]}, 6);
  CHECK_EQUAL(int{*b.weights.at(kWeights + 1)}, 8);
  CHECK(b.code.find(kL2 + 0x100) != nullptr);
  CHECK(b.code.find(kL2 + 0x200) == nullptr);
  CHECK(b.l2.protection(kL2 + 0xfd, 4) != nullptr);
  CHECK(b.l2.protection(kL2 + 0xfc, 4) == nullptr);
  CHECK(b.l2.protection(kL2 + 0x103, 1) != nullptr);
  CHECK(b.l2.protection(kL2 + 0x104, 4) == nullptr);
  CHECK(b.l2.protection(kL2 + 0x202, 4) != nullptr);
  CHECK(b.l2.protection(kL2 + 0x300, 4) == nullptr);
  CHECK(b.weights.protection(kWeights + 1, 1) != nullptr);
}

void check_refusals() {
  Bench b;
  const Part code{kL2, kRead | kExecute, 4, kCode};
  b.refuses(kL2, {code, {kL2 + 0xfffe, kRead, 4, {1}}, {0x20000000, kRead | kWrite, 1, {1}}},
            {"the segment at 0x1c00fffe (4 bytes, read-only) is not in memory: L1 0x10000000 to "
             "0x10000fff, weight memory 0x10400000 to 0x1040ffff, L2 0x1c000000 to 0x1c00ffff",
             "the segment at 0x20000000 (1 bytes) is not in memory"});
  b.refuses(kL1, {{kL1, kRead | kExecute, 4, kCode}},
            {"the segment at 0x10000000 (4 bytes, code) is not in L2, from which"});
  // Nothing was loaded.
  CHECK(b.code.find(kL2) == nullptr);
  CHECK_EQUAL(int{*b.l2.at(kL2)}, 0);
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  check_loading();
  check_refusals();
  return check::result();
}
