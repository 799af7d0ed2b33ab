// The firmware's code, decoded when it is first executed.
#ifndef PLATFORMS_SIMULATOR_CORE_CODE_IMAGE_H_
#define PLATFORMS_SIMULATOR_CORE_CODE_IMAGE_H_

#include <cstdint>
#include <vector>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// An instruction in the form that the interpreter reads, 16 bytes. `operation` 0 is "not decoded
// yet"; core/decode.h defines the others.
struct Instruction {
  std::uint16_t operation = 0;
  std::uint8_t size = 2;  // bytes; 2 in undecoded entries
  std::uint8_t flags = 0;
  std::uint8_t rd = 0;
  std::uint8_t rs1 = 0;
  std::uint8_t rs2 = 0;
  std::uint8_t rs3 = 0;
  std::int32_t immediate = 0;
  std::uint8_t successor_stall = 0;  // cycles lost to a hazard with the instruction that follows
  std::uint8_t rounding_mode = 0;
  std::uint16_t reserved = 0;
};
static_assert(sizeof(Instruction) == 16);

// A run of executable bytes of the ELF file: one entry per half-word, and one more at the end that
// stays undecoded, so that running off the end is noticed.
struct CodeRegion {
  Address begin;
  Address end;
  std::vector<std::uint8_t> bytes;
  std::vector<Instruction> instructions;
};

// All executable segments. Cores share it: instructions do not change, because stores to code are
// faults. (A debugger's writes and breakpoints go through `invalidate`.)
class CodeImage {
 public:
  void add_region(Address begin, std::vector<std::uint8_t> bytes);
  // The region that holds an address, or null.
  CodeRegion *find(Address address);
  // Forgets what was decoded from bytes [address, address + size); new bytes if not null.
  void change(Address address, const std::uint8_t *bytes, std::uint32_t size);
  // Breakpoints of a debugger: executing the address throws BreakpointHit before any effect.
  void set_breakpoint(Address address);
  void clear_breakpoint(Address address);
  bool is_breakpoint(Address address) const;

 private:
  std::vector<CodeRegion> regions_;
  std::vector<Address> breakpoints_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_CODE_IMAGE_H_
