// The ELF reader on images built here; the simulator's tests feed it damaged ones.
#include "platforms/simulator/debug/elf_file.h"

#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/check.h"
#include "platforms/simulator/debug/arguments_object.h"

namespace tilewright::simulator {
namespace {

// An executable with one segment of code and one of data, and symbols.
class Image {
 public:
  static constexpr Address kCode = 0x1c010000;
  static constexpr Address kData = 0x1c020000;

  std::vector<std::uint8_t> build() {
    bytes_.clear();
    const std::uint32_t symbol_count = 6;
    const std::uint32_t program = 52;
    const std::uint32_t sections = program + 2 * 32;
    const std::uint32_t symbols = sections + 3 * 40;
    const std::uint32_t names = symbols + 16 * symbol_count;
    const std::string text("\0main\0helper\0tilewright_arguments\0label\0number\0", 46);
    const std::uint32_t code = names + 48;
    put({0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    halves({2, 243});
    words({1, kCode, program, sections, 0});
    halves({52, 32, 2, 40, 3, 2});
    words({1, code, kCode, kCode, 64, 64, 5, 4});
    words({1, code, kData, kData, 8, 256, 6, 4});
    words({0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    words({0, 2, 0, 0, symbols, 16 * symbol_count, 2, 0, 4, 16});
    words({0, 3, 0, 0, names, 46, 0, 0, 1, 0});
    words({0, 0, 0, 0});
    symbol(1, kCode, 16, 2, 1);
    symbol(6, kCode + 32, 8, 2, 1);
    symbol(13, kData + 64, 32, 1, 2);
    symbol(34, kCode + 48, 0, 0, 1);
    symbol(40, kCode + 50, 0, 0, 0xfff1);
    put(std::vector<std::uint8_t>(text.begin(), text.end()));
    put({0, 0});
    put(std::vector<std::uint8_t>(64, 0x13));
    return bytes_;
  }

 private:
  void put(const std::vector<std::uint8_t> &values) {
    bytes_.insert(bytes_.end(), values.begin(), values.end());
  }
  void halves(const std::vector<std::uint32_t> &values) {
    for (const std::uint32_t value : values) {
      put({static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8)});
    }
  }
  void words(const std::vector<std::uint32_t> &values) {
    for (const std::uint32_t value : values) {
      halves({value & 0xffff, value >> 16});
    }
  }
  void symbol(std::uint32_t name, Address address, std::uint32_t size, std::uint8_t type,
              std::uint32_t section) {
    words({name, address, size});
    put({type, 0});
    halves({section});
  }

  std::vector<std::uint8_t> bytes_;
};

void test_segments_and_symbols() {
  const ElfFile elf = ElfFile::parse(Image().build(), "image");
  CHECK_EQUAL(elf.entry(), Image::kCode);
  CHECK_EQUAL(elf.segments().size(), 2u);
  CHECK(elf.segments()[0].executable && !elf.segments()[0].writable);
  CHECK(!elf.segments()[1].executable && elf.segments()[1].writable);
  CHECK_EQUAL(elf.segments()[1].memory_size, 256u);
  CHECK_EQUAL(elf.segments()[1].bytes.size(), 8u);
  CHECK(elf.find("nothing") == nullptr);
  CHECK_EQUAL(elf.find("helper")->address, Image::kCode + 32);
}

void test_descriptions() {
  const ElfFile elf = ElfFile::parse(Image().build(), "image");
  CHECK_EQUAL(elf.describe(Image::kCode), "main");
  CHECK_EQUAL(elf.describe(Image::kCode + 15), "main+0xf");
  // Between functions: no label is before it.
  CHECK_EQUAL(elf.describe(Image::kCode + 16), "");
  CHECK_EQUAL(elf.describe(Image::kCode + 36), "helper+0x4");
  // A label reaches to the end of the code; a number of the linker script is no place.
  CHECK_EQUAL(elf.describe(Image::kCode + 52), "label+0x4");
  CHECK_EQUAL(elf.describe(Image::kCode + 64), "label+0x10");
  CHECK_EQUAL(elf.describe(Image::kCode + 65), "");
  CHECK_EQUAL(elf.describe(Image::kData + 65), "tilewright_arguments+0x1");
  CHECK_EQUAL(elf.describe(0), "");
}

void test_arguments() {
  ElfFile elf = ElfFile::parse(Image().build(), "image");
  fill_arguments({7, 8, 9}, &elf);
  const std::vector<std::uint8_t> &data = elf.segments()[1].bytes;
  CHECK_EQUAL(data.size(), 96u);
  CHECK_EQUAL(data[64], 3);
  CHECK_EQUAL(data[65], 0);
  CHECK_EQUAL(data[70], 9);
  CHECK_EQUAL(data[71], 0);
  fill_arguments(std::vector<std::uint8_t>(28), &elf);
  CHECK_THROWS(fill_arguments(std::vector<std::uint8_t>(29), &elf), ElfError, true);
}

void test_no_truncation_is_read() {
  const std::vector<std::uint8_t> whole = Image().build();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> part(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS(ElfFile::parse(part, "image"), ElfError, true);
  }
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  test_segments_and_symbols();
  test_descriptions();
  test_arguments();
  test_no_truncation_is_read();
  return check::result();
}
