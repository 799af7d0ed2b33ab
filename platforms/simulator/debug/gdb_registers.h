// The registers of a core as gdb numbers and describes them.
#ifndef PLATFORMS_SIMULATOR_DEBUG_GDB_REGISTERS_H_
#define PLATFORMS_SIMULATOR_DEBUG_GDB_REGISTERS_H_

#include <cstdint>
#include <string>

#include "platforms/simulator/core/core.h"

namespace tilewright::simulator {

// x0 to x31, pc, f0 to f31, and from kFirstCsr on control and status registers by their number.
inline constexpr unsigned kProgramCounter = 32;
inline constexpr unsigned kFirstFloat = 33;
inline constexpr unsigned kFirstCsr = 65;

// Number of registers in a `g` packet: all but the control and status registers.
inline constexpr unsigned kGeneralRegisters = kFirstCsr;

// False: there is no register of that number.
bool read_register(Core *core, unsigned number, std::uint32_t *value);
bool write_register(Core *core, unsigned number, std::uint32_t value);

// The target description of a core ("Debugging with GDB", appendix G.2 and G.4.11).
std::string target_description(const Core &core);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_GDB_REGISTERS_H_
