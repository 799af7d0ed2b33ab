// Why a simulation stopped without the firmware ending it.
#ifndef PLATFORMS_SIMULATOR_SOC_FAULT_H_
#define PLATFORMS_SIMULATOR_SOC_FAULT_H_

#include <string>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

inline constexpr CoreIndex kNoCore = -1;

enum class FaultKind {
  kIllegalInstruction,
  kFetch,          // instruction fetch outside of the firmware's code
  kUnmapped,       // no memory or device at the address
  kMisaligned,     // alignment that the target does not support
  kStackOverflow,  // access to the guard below a core's stack
  kProtected,      // store to code or constants
  kDevice,         // a device was driven against its specification
  kEnvironment,    // ebreak, ecall
  kDeadlock,       // every core waits and nothing is under way
  kCycleLimit,
};

// Thrown where the problem is noticed; the main loop completes the core's program counter and
// reports it with symbol names. `detail` is a sentence fragment that says what was found, and where
// it helps what is supported.
struct Fault {
  FaultKind kind;
  CoreIndex core = kNoCore;
  Address address = 0;  // of the access, or of the instruction for kIllegalInstruction and kFetch
  std::string detail;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_FAULT_H_
