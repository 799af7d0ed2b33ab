// Run-time input: the firmware's object that the loader fills.
#ifndef PLATFORMS_SIMULATOR_DEBUG_ARGUMENTS_OBJECT_H_
#define PLATFORMS_SIMULATOR_DEBUG_ARGUMENTS_OBJECT_H_

#include <cstdint>
#include <vector>

#include "platforms/simulator/debug/elf_file.h"

namespace tilewright::simulator {

// Puts the input's length, as a little-endian word, and its bytes into the object
// `tilewright_arguments` of the firmware. Throws ElfError: no such object, or it is too small.
void fill_arguments(const std::vector<std::uint8_t> &input, ElfFile *elf);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_ARGUMENTS_OBJECT_H_
