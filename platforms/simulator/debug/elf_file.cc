#include "platforms/simulator/debug/elf_file.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace tilewright::simulator {
namespace {

constexpr std::size_t kMaximumFileBytes = std::size_t{256} << 20;

// Names and values: "System V ABI, chapter 4/5, object files", "RISC-V ELF psABI".
constexpr std::uint8_t kClass32 = 1;
constexpr std::uint8_t kLittleEndian = 1;
constexpr std::uint16_t kTypeExecutable = 2;
constexpr std::uint16_t kMachineRiscv = 243;
constexpr std::uint32_t kHeaderBytes = 52;
constexpr std::uint32_t kProgramHeaderBytes = 32;
constexpr std::uint32_t kSectionHeaderBytes = 40;
constexpr std::uint32_t kSymbolBytes = 16;
constexpr std::uint32_t kSegmentLoad = 1;
constexpr std::uint32_t kSegmentInterpreter = 3;
constexpr std::uint32_t kSegmentExecutable = 1;
constexpr std::uint32_t kSegmentWritable = 2;
constexpr std::uint32_t kSectionSymbols = 2;
constexpr std::uint32_t kSectionStrings = 3;
constexpr std::uint16_t kSectionAbsolute = 0xfff1;
constexpr unsigned kSymbolNone = 0;
constexpr unsigned kSymbolObject = 1;
constexpr unsigned kSymbolFunction = 2;

std::string hexadecimal(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

const char *machine_name(unsigned machine) {
  switch (machine) {
    case 3:
      return "x86";
    case 40:
      return "Arm";
    case 62:
      return "x86-64";
    case 183:
      return "AArch64";
    default:
      return "another machine";
  }
}

// Bounds-checked little-endian reads from the file.
class Reader {
 public:
  Reader(std::vector<std::uint8_t> contents, std::string name)
      : contents_(std::move(contents)), name_(std::move(name)) {}

  [[noreturn]] void fail(const std::string &what) const { throw ElfError(name_ + ": " + what); }

  // Throws unless [offset, offset + size) is in the file.
  void check(std::uint64_t offset, std::uint64_t size, const std::string &what) const {
    if (offset > contents_.size() || size > contents_.size() - offset) {
      fail(what + " at offset " + hexadecimal(offset) + " with " + std::to_string(size) +
           " bytes lies outside of the file of " + std::to_string(contents_.size()) +
           " bytes: it is truncated or damaged");
    }
  }

  std::uint8_t byte(std::size_t offset) const { return contents_[offset]; }
  std::uint16_t half(std::size_t offset) const {
    return static_cast<std::uint16_t>(contents_[offset] | contents_[offset + 1] << 8);
  }
  std::uint32_t word(std::size_t offset) const {
    return half(offset) | static_cast<std::uint32_t>(half(offset + 2)) << 16;
  }
  const std::uint8_t *data(std::size_t offset) const { return contents_.data() + offset; }
  std::size_t size() const { return contents_.size(); }

 private:
  std::vector<std::uint8_t> contents_;
  std::string name_;
};

void check_header(const Reader &file) {
  static const std::uint8_t magic[] = {0x7f, 'E', 'L', 'F'};
  if (file.size() < 4 || !std::equal(magic, magic + 4, file.data(0))) {
    file.fail("no ELF file; supported: 32-bit little-endian RISC-V executables");
  }
  file.check(0, kHeaderBytes, "the ELF header");
  std::string found;
  if (file.byte(4) != kClass32) {
    found += ", " + std::string(file.byte(4) == 2 ? "64-bit" : "no known word size");
  }
  if (file.byte(5) != kLittleEndian) {
    found += ", " + std::string(file.byte(5) == 2 ? "big-endian" : "no known byte order");
  } else {
    // The other fields can be read.
    if (file.half(18) != kMachineRiscv) {
      found += ", for " + std::string(machine_name(file.half(18))) + " (machine " +
               std::to_string(file.half(18)) + ")";
    }
    if (file.half(16) != kTypeExecutable) {
      found += ", no executable at fixed addresses (type " + std::to_string(file.half(16)) + ")";
    }
  }
  if (!found.empty()) {
    file.fail("the ELF file is" + found.substr(1) +
              "; supported: 32-bit little-endian RISC-V executables");
  }
}

std::vector<Segment> read_segments(const Reader &file) {
  const std::uint32_t table = file.word(28);
  const std::uint32_t entry_bytes = file.half(42);
  const std::uint32_t count = file.half(44);
  if (count != 0 && entry_bytes != kProgramHeaderBytes) {
    file.fail("program headers of " + std::to_string(entry_bytes) +
              " bytes; supported: " + std::to_string(kProgramHeaderBytes));
  }
  file.check(table, std::uint64_t{count} * kProgramHeaderBytes, "the program header table");
  std::vector<Segment> segments;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t header = table + std::size_t{i} * kProgramHeaderBytes;
    const std::uint32_t type = file.word(header);
    const std::string name = "segment " + std::to_string(i);
    if (type == kSegmentInterpreter) {
      file.fail("it is dynamically linked; supported: static executables");
    }
    if (type != kSegmentLoad || file.word(header + 20) == 0) {
      continue;
    }
    const std::uint32_t offset = file.word(header + 4);
    const std::uint32_t file_bytes = file.word(header + 16);
    Segment segment;
    segment.address = file.word(header + 12);
    segment.memory_size = file.word(header + 20);
    segment.writable = (file.word(header + 24) & kSegmentWritable) != 0;
    segment.executable = (file.word(header + 24) & kSegmentExecutable) != 0;
    file.check(offset, file_bytes, name);
    if (file_bytes > segment.memory_size) {
      file.fail(name + " has " + std::to_string(file_bytes) + " bytes in the file, but only " +
                std::to_string(segment.memory_size) + " in memory");
    }
    if (std::uint64_t{segment.address} + segment.memory_size > std::uint64_t{1} << 32) {
      file.fail(name + " at " + hexadecimal(segment.address) + " with " +
                hexadecimal(segment.memory_size) + " bytes goes beyond 32-bit addresses");
    }
    segment.bytes.assign(file.data(offset), file.data(offset) + file_bytes);
    segments.push_back(std::move(segment));
  }
  if (segments.empty()) {
    file.fail("there is nothing to load in it");
  }
  return segments;
}

void check_overlaps(const Reader &file, const std::vector<Segment> &segments) {
  std::vector<const Segment *> sorted;
  for (const Segment &segment : segments) {
    sorted.push_back(&segment);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Segment *a, const Segment *b) { return a->address < b->address; });
  const auto range = [](const Segment &segment) {
    return "[" + hexadecimal(segment.address) + ", " +
           hexadecimal(std::uint64_t{segment.address} + segment.memory_size) + ")";
  };
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i]->address - sorted[i - 1]->address < sorted[i - 1]->memory_size) {
      file.fail("segments " + range(*sorted[i - 1]) + " and " + range(*sorted[i]) +
                " overlap; check the linker script");
    }
  }
}

// The section header of a number, checked against the file.
std::size_t section_header(const Reader &file, std::uint32_t index) {
  const std::uint32_t count = file.half(48);
  if (index >= count) {
    file.fail("section " + std::to_string(index) + " of " + std::to_string(count) +
              " does not exist");
  }
  return file.word(32) + std::size_t{index} * kSectionHeaderBytes;
}

std::vector<Symbol> read_symbols(const Reader &file) {
  std::vector<Symbol> symbols;
  const std::uint32_t count = file.half(48);
  if (count == 0) {
    return symbols;
  }
  if (file.half(46) != kSectionHeaderBytes) {
    file.fail("section headers of " + std::to_string(file.half(46)) +
              " bytes; supported: " + std::to_string(kSectionHeaderBytes));
  }
  file.check(file.word(32), std::uint64_t{count} * kSectionHeaderBytes, "the section header table");
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t header = section_header(file, i);
    if (file.word(header + 4) != kSectionSymbols) {
      continue;
    }
    const std::uint32_t table = file.word(header + 16);
    const std::uint32_t table_bytes = file.word(header + 20);
    file.check(table, table_bytes, "the symbol table");
    const std::size_t names_header = section_header(file, file.word(header + 24));
    if (file.word(names_header + 4) != kSectionStrings) {
      file.fail("the symbol table's names are no string table");
    }
    const std::uint32_t names = file.word(names_header + 16);
    const std::uint32_t names_bytes = file.word(names_header + 20);
    file.check(names, names_bytes, "the names of symbols");
    for (std::uint32_t at = 0; at + kSymbolBytes <= table_bytes; at += kSymbolBytes) {
      const std::size_t entry = std::size_t{table} + at;
      const std::uint32_t name = file.word(entry);
      const unsigned type = file.byte(entry + 12) & 15u;
      const bool defined = file.half(entry + 14) != 0;
      if (!defined || type > kSymbolFunction || name == 0 || name >= names_bytes) {
        continue;
      }
      const char *begin = reinterpret_cast<const char *>(file.data(std::size_t{names} + name));
      const char *limit = begin + (names_bytes - name);
      const char *end = std::find(begin, limit, '\0');
      Symbol symbol{std::string(begin, end), file.word(entry + 4), file.word(entry + 8),
                    type == kSymbolFunction, file.half(entry + 14) == kSectionAbsolute};
      // Local labels and mapping symbols ($x, $d) say nothing about the program.
      const bool label = type == kSymbolNone && symbol.size == 0 &&
                         (symbol.name[0] == '$' || symbol.name.rfind(".L", 0) == 0);
      if (end != limit && !symbol.name.empty() && !label) {
        symbols.push_back(std::move(symbol));
      }
    }
  }
  static_assert(kSymbolObject < kSymbolFunction);
  std::stable_sort(symbols.begin(), symbols.end(),
                   [](const Symbol &a, const Symbol &b) { return a.address < b.address; });
  return symbols;
}

}  // namespace

ElfFile ElfFile::read(const std::string &path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
  if (size < 0) {
    throw ElfError(path + ": cannot be read");
  }
  if (static_cast<std::uint64_t>(size) > kMaximumFileBytes) {
    throw ElfError(path + ": the file has " + std::to_string(size) + " bytes; at most " +
                   std::to_string(kMaximumFileBytes) + " are supported");
  }
  std::vector<std::uint8_t> contents(static_cast<std::size_t>(size));
  stream.seekg(0);
  stream.read(reinterpret_cast<char *>(contents.data()), size);
  if (!stream) {
    throw ElfError(path + ": cannot be read");
  }
  return parse(std::move(contents), path);
}

ElfFile ElfFile::parse(std::vector<std::uint8_t> contents, const std::string &name) {
  const Reader file(std::move(contents), name);
  check_header(file);
  ElfFile elf;
  elf.entry_ = file.word(24);
  elf.segments_ = read_segments(file);
  check_overlaps(file, elf.segments_);
  elf.symbols_ = read_symbols(file);
  const bool entry_is_code =
      std::any_of(elf.segments_.begin(), elf.segments_.end(), [&](const Segment &segment) {
        return segment.executable && elf.entry_ - segment.address < segment.bytes.size();
      });
  if (!entry_is_code || elf.entry_ % 2 != 0) {
    file.fail("the entry point " + hexadecimal(elf.entry_) + " is in no executable segment");
  }
  return elf;
}

const Symbol *ElfFile::find(const std::string &name) const {
  for (const Symbol &symbol : symbols_) {
    if (symbol.name == name) {
      return &symbol;
    }
  }
  return nullptr;
}

std::string ElfFile::describe(Address address) const {
  // Sized symbols that hold the address win, the innermost of them; then the label before it in the
  // same segment, for assembly files without sizes. Running off the end leads to the end itself.
  const auto after =
      std::upper_bound(symbols_.begin(), symbols_.end(), address,
                       [](Address value, const Symbol &symbol) { return value < symbol.address; });
  const Symbol *best = nullptr;
  const Symbol *label = nullptr;
  for (auto symbol = after; symbol != symbols_.begin();) {
    --symbol;
    if (address - symbol->address < symbol->size) {
      best = &*symbol;
      break;
    }
    if (label == nullptr && symbol->size == 0 && !symbol->absolute) {
      label = &*symbol;
    }
  }
  if (best == nullptr && label != nullptr) {
    for (const Segment &segment : segments_) {
      if (segment.executable && address - segment.address <= segment.bytes.size() &&
          label->address >= segment.address) {
        best = label;
      }
    }
  }
  if (best == nullptr) {
    return "";
  }
  const Address offset = address - best->address;
  return offset == 0 ? best->name : best->name + "+" + hexadecimal(offset);
}

}  // namespace tilewright::simulator
