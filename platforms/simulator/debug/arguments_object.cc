#include "platforms/simulator/debug/arguments_object.h"

#include <algorithm>
#include <string>

namespace tilewright::simulator {
namespace {

constexpr const char *kSymbol = "tilewright_arguments";
constexpr std::uint32_t kLengthBytes = 4;

}  // namespace

void fill_arguments(const std::vector<std::uint8_t> &input, ElfFile *elf) {
  const Symbol *symbol = elf->find(kSymbol);
  if (symbol == nullptr) {
    throw ElfError(std::string("the firmware takes no run-time input: it has no object ") +
                   kSymbol);
  }
  if (symbol->size < kLengthBytes || input.size() > symbol->size - kLengthBytes) {
    throw ElfError("the arguments are " + std::to_string(input.size()) + " bytes long; " + kSymbol +
                   " has " + std::to_string(symbol->size) + " bytes, " +
                   std::to_string(kLengthBytes) + " of them for the length");
  }
  for (Segment &segment : elf->mutable_segments()) {
    const std::uint32_t offset = symbol->address - segment.address;
    if (offset >= segment.memory_size || segment.memory_size - offset < symbol->size) {
      continue;
    }
    if (segment.bytes.size() < std::size_t{offset} + symbol->size) {
      segment.bytes.resize(std::size_t{offset} + symbol->size);  // it was in the zeroed part
    }
    const auto at = segment.bytes.begin() + static_cast<std::ptrdiff_t>(offset);
    for (std::uint32_t i = 0; i < kLengthBytes; ++i) {
      at[i] = static_cast<std::uint8_t>(input.size() >> (8 * i));
    }
    std::copy(input.begin(), input.end(), at + kLengthBytes);
    return;
  }
  throw ElfError(std::string(kSymbol) + " lies in no segment that is loaded");
}

}  // namespace tilewright::simulator
