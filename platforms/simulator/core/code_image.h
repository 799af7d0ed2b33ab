// The firmware's code, decoded when it is first executed.
#ifndef PLATFORMS_SIMULATOR_CORE_CODE_IMAGE_H_
#define PLATFORMS_SIMULATOR_CORE_CODE_IMAGE_H_

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// An instruction in the form that the interpreter reads, 16 bytes. Operations are those of
// core/decode.h; 0 is "not decoded yet".
struct Instruction {
  std::uint16_t operation = 0;  // executed when the instruction before falls through
  std::uint8_t size = 2;        // bytes; 2 in undecoded entries
  std::uint8_t flags = 0;
  std::uint8_t rd = 0;
  std::uint8_t rs1 = 0;
  std::uint8_t rs2 = 0;
  std::uint8_t rs3 = 0;
  std::int32_t immediate = 0;
  std::uint8_t successor_stall = 0;  // of a load: cycles lost if the next instruction follows it
  std::uint8_t rounding_mode = 0;
  std::uint16_t effect = 0;  // what it does; `operation` differs where more is to be done before
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

// A debugger's breakpoint was reached; nothing of the instruction was done.
struct BreakpointHit {
  CoreIndex core;
  Address address;
};

// Body of a hardware loop, from the first instruction up to the one after the last.
struct LoopBody {
  Instruction *begin;
  Instruction *end;
  int back_edge_stall;  // stall cycles at the jump back, less those of falling through
  std::string problem;  // empty, or what the hardware does not support about it
};

// All executable segments. Cores share it: instructions do not change, because stores to code are
// faults. (A debugger's writes and breakpoints go through `change` and `set_breakpoint`.)
class CodeImage {
 public:
  // `line_bytes` is that of the instruction caches, `load_use_stall` of the core.
  explicit CodeImage(std::uint32_t line_bytes = 16, unsigned load_use_stall = 1)
      : line_bytes_(line_bytes), load_use_stall_(static_cast<std::uint8_t>(load_use_stall)) {}

  // `begin` is even; regions do not overlap. A byte at an odd end cannot be executed.
  void add_region(Address begin, std::vector<std::uint8_t> bytes);
  // The region that holds an address, or null.
  CodeRegion *find(Address address);
  // Forgets what was decoded from bytes [address, address + size); new bytes if not null.
  void change(Address address, const std::uint8_t *bytes, std::uint32_t size);
  // Breakpoints of a debugger: executing the address throws BreakpointHit before any effect.
  void set_breakpoint(Address address);
  void clear_breakpoint(Address address);
  bool is_breakpoint(Address address) const;
  // Jumps to the address are told to the observer, for ever after.
  void set_mark(Address address);

  // Decodes an entry in place.
  void decode_entry(CodeRegion &region, Instruction *entry);
  // The loop from `begin` to before `end`; marks its end. Stays valid until `change`.
  const LoopBody &loop(Address begin, Address end);

 private:
  LoopBody analyse_loop(Address begin, Address end);

  std::uint32_t line_bytes_;
  std::uint8_t load_use_stall_;
  std::deque<CodeRegion> regions_;  // pointers to regions stay valid
  std::set<Address> breakpoints_;
  std::unordered_map<std::uint64_t, LoopBody> loops_;  // by begin and end
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_CORE_CODE_IMAGE_H_
