// Puts an ELF file's segments into memory.
#ifndef PLATFORMS_SIMULATOR_SOC_FIRMWARE_LOADER_H_
#define PLATFORMS_SIMULATOR_SOC_FIRMWARE_LOADER_H_

#include "platforms/simulator/core/code_image.h"
#include "platforms/simulator/debug/elf_file.h"
#include "platforms/simulator/memory/external_memory.h"
#include "platforms/simulator/memory/tcdm.h"

namespace tilewright::simulator {

// Loads every segment to its physical address. Executable segments also become code. Stores to
// segments in L2 or weight memory that are executable or not writable are faults from then on.
//
// Throws ElfError, which lists everything wrong: segments outside of memory, code outside of L2.
// (ElfFile has seen to it that segments do not overlap, and that the entry point is in code.)
void load_firmware(const ElfFile &elf, Tcdm *tcdm, ExternalMemory *l2,
                   ExternalMemory *weight_memory, CodeImage *code);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_FIRMWARE_LOADER_H_
