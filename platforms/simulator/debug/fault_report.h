// A fault as a person wants to read it.
#ifndef PLATFORMS_SIMULATOR_DEBUG_FAULT_REPORT_H_
#define PLATFORMS_SIMULATOR_DEBUG_FAULT_REPORT_H_

#include <string>

#include "platforms/simulator/debug/elf_file.h"
#include "platforms/simulator/soc/fault.h"
#include "platforms/simulator/soc/machine.h"

namespace tilewright::simulator {

// The fault's stable code, such as "TW-1103", and its name, such as "access to nothing".
const char *fault_code(FaultKind kind);
const char *fault_name(FaultKind kind);

// The cycle of a fault: the core's own, which may have run ahead of the machine's.
Cycle fault_cycle(const Fault &fault, Machine *machine);

// Several lines: code, kind, core, cycle, program counter and address with symbols, what to look
// at, the core's registers, its call chain as far as registers tell it, and every other core's
// state.
std::string report_fault(const Fault &fault, Machine *machine, const ElfFile &elf);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_FAULT_REPORT_H_
