// Decoding of RV32IMFC with Zicsr, Zifencei and the CORE-V extensions of the CV32E40P.
#ifndef PLATFORMS_SIMULATOR_CORE_DECODE_H_
#define PLATFORMS_SIMULATOR_CORE_DECODE_H_

#include <cstddef>
#include <cstdint>

#include "platforms/simulator/core/code_image.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// What an instruction does. The first ones do not come from an encoding.
enum Operation : std::uint16_t {
  kNotDecoded,
  kEnterLine,      // executes `effect` after a look into the instruction cache
  kCheckFlags,     // executes `effect` after what `flags` ask for
  kIllegal,        // a fault when executed
  kJump,           // jal without a link
  kJalOutside,     // jal to another region
  kBranchOutside,  // branch to another region; `rounding_mode` is the condition
  kRegionBegins,   // slti x0, rs1, 1
  kRegionEnds,     // slti x0, rs1, 2
#define OPERATION(name, mnemonic, mask, match, format) k##name,
#define SIMD(name, mnemonic, funct6, immediate_format, format)                           \
  kSimd##name##H, kSimd##name##ScH, kSimd##name##SciH, kSimd##name##B, kSimd##name##ScB, \
      kSimd##name##SciB,
#include "platforms/simulator/core/operations.inc"
#undef OPERATION
#undef SIMD
  kOperations
};

// Flags of Instruction.
inline constexpr std::uint8_t kFlagEntersLine = 1;  // falling into it enters another cache line
inline constexpr std::uint8_t kFlagStraddles = 2;   // lies in two cache lines
inline constexpr std::uint8_t kFlagLoopEnd = 4;     // follows the body of a hardware loop
inline constexpr std::uint8_t kFlagBreakpoint = 8;
inline constexpr std::uint8_t kFlagMark = 32;  // jumps to it are told to the observer
// A jump through a register that the instruction before it writes.
inline constexpr std::uint8_t kFlagJumpRegisterHazard = 16;

// Index of a register that takes results for x0, and that nothing reads.
inline constexpr std::uint8_t kDiscard = 32;

// Rounding mode field: the mode is in the control register.
inline constexpr std::uint8_t kDynamicRounding = 7;

// An encoding: `word & mask == match`.
struct Encoding {
  const char *mnemonic;
  std::uint32_t mask;
  std::uint32_t match;
  Operation operation;
  std::uint8_t format;
};

// All 32-bit encodings.
const Encoding *encodings();
std::size_t encoding_count();
const char *mnemonic(Operation operation);

// An instruction and the registers it touches: bits 0 to 31 are x, bits 32 to 63 are f.
struct Decoded {
  Instruction instruction;
  std::uint64_t reads = 0;
  std::uint64_t loads = 0;   // written by a load: late
  std::uint64_t writes = 0;  // written otherwise
};

// The 32-bit instruction that a 16-bit one abbreviates, or 0 if there is none.
std::uint32_t expand_compressed(std::uint16_t bits);

// Decodes bytes at an address: the 16 or 32 bits in `word`, of which `available` bytes exist.
// Immediates of auipc become absolute. `effect` is kIllegal for what is no instruction.
Decoded decode(std::uint32_t word, std::uint32_t available, Address address);
// The same, in a region.
Decoded decode(const CodeRegion &region, Address address);

// Whether `second`, executed right after the load `first`, waits for its result.
bool load_use_hazard(const Decoded &first, const Decoded &second);
// Whether `second` is a jump through a register that `first`, right before it, writes.
bool jump_register_hazard(const Decoded &first, const Decoded &second);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_DECODE_H_
