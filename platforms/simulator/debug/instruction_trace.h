// --instruction-trace: one line per instruction, in the order of time.
#ifndef PLATFORMS_SIMULATOR_DEBUG_INSTRUCTION_TRACE_H_
#define PLATFORMS_SIMULATOR_DEBUG_INSTRUCTION_TRACE_H_

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "platforms/simulator/core/code_image.h"
#include "platforms/simulator/debug/elf_file.h"
#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/debug/output_file.h"

namespace tilewright::simulator {

// Columns: cycle of issue, core, program counter, encoding (four or eight digits), symbol. The text
// of instructions is in the firmware's disassembly, which is built beside it.
class InstructionTrace : public Observer {
 public:
  // The functions are only called during calls to this object; `now` is the scheduler's time.
  InstructionTrace(OutputFile *file, const ElfFile *elf,
                   std::function<std::string(CoreIndex)> core_name,
                   std::function<CodeImage *()> code, std::function<Cycle()> now)
      : file_(file),
        elf_(elf),
        core_name_(std::move(core_name)),
        code_(std::move(code)),
        now_(std::move(now)) {}

  void instruction(CoreIndex core, Cycle cycle, Address pc) override;
  // Writes what has been issued up to `end`.
  void finish(Cycle end) { write_before(end + 1); }

 private:
  // "1c010040      4505  main+0x12": what does not depend on core and cycle.
  const std::string &place(Address pc);
  void write_before(Cycle cycle);

  OutputFile *file_;
  const ElfFile *elf_;
  std::function<std::string(CoreIndex)> core_name_;
  std::function<CodeImage *()> code_;
  std::function<Cycle()> now_;
  // By cycle of issue. A core that waits for its instruction, for example for a cache line, has
  // announced it for a later cycle than those that others still announce.
  std::multimap<Cycle, std::pair<CoreIndex, Address>> announced_;
  std::unordered_map<Address, std::string> places_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_INSTRUCTION_TRACE_H_
