// 32-bit little-endian RISC-V ELF executables: segments and symbols.
#ifndef PLATFORMS_SIMULATOR_DEBUG_ELF_FILE_H_
#define PLATFORMS_SIMULATOR_DEBUG_ELF_FILE_H_

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// A file that is no loadable firmware; `what()` says what was found and what is supported.
class ElfError : public std::exception {
 public:
  explicit ElfError(std::string text) : text_(std::move(text)) {}
  const char *what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

struct Segment {
  Address address;                  // physical: where it is loaded
  std::vector<std::uint8_t> bytes;  // p_filesz
  std::uint32_t memory_size;        // p_memsz: the rest is zero
  bool writable;
  bool executable;
};

struct Symbol {
  std::string name;
  Address address;
  std::uint32_t size;
  bool function;
  bool absolute = false;  // a number of the linker script or assembler, no place
};

// Reads at most 256 MiB; every offset and count in the file is checked before use.
class ElfFile {
 public:
  // Throws ElfError.
  static ElfFile read(const std::string &path);
  static ElfFile parse(std::vector<std::uint8_t> contents, const std::string &name);

  Address entry() const { return entry_; }
  const std::vector<Segment> &segments() const { return segments_; }
  const std::vector<Symbol> &symbols() const { return symbols_; }
  // The symbol of that name, or null.
  const Symbol *find(const std::string &name) const;
  // "name+0x10", or an empty string: for functions and objects that hold the address.
  std::string describe(Address address) const;

  std::vector<Segment> &mutable_segments() { return segments_; }

 private:
  Address entry_ = 0;
  std::vector<Segment> segments_;
  std::vector<Symbol> symbols_;  // by address
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_ELF_FILE_H_
