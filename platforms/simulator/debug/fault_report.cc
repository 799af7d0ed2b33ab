#include "platforms/simulator/debug/fault_report.h"

#include <algorithm>
#include <cstdio>

#include "platforms/simulator/debug/register_names.h"

namespace tilewright::simulator {
namespace {

constexpr int kReturnAddress = 1;
constexpr int kRegistersPerLine = 8;

std::string hexadecimal(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

std::string with_symbol(Address address, const ElfFile &elf) {
  const std::string symbol = elf.describe(address);
  return hexadecimal(address) + (symbol.empty() ? "" : " (" + symbol + ")");
}

// What to do about it; null where the message says it all.
const char *advice(FaultKind kind) {
  switch (kind) {
    case FaultKind::kIllegalInstruction:
      return "the instruction set is in soc.yaml; data among code, or a damaged function pointer?";
    case FaultKind::kFetch:
      return "a damaged function pointer or return address? ra shows the caller";
    case FaultKind::kUnmapped:
      return "soc.yaml lists the memories; a null or damaged pointer?";
    case FaultKind::kStackOverflow:
      return "make the stack larger (soc.yaml: stack, cluster_stack), or use less of it";
    case FaultKind::kProtected:
      return "code and constants are read-only; a damaged pointer?";
    case FaultKind::kDeadlock:
      return "see what each core waits for, and who should end that";
    case FaultKind::kCycleLimit:
      return "raise --max-cycles if the firmware only needs longer";
    case FaultKind::kEnvironment:
      return "there is no operating system and no debugger to ask; abort or a failed assertion?";
    default:
      return nullptr;
  }
}

bool has_address(FaultKind kind) {
  return kind == FaultKind::kUnmapped || kind == FaultKind::kMisaligned ||
         kind == FaultKind::kStackOverflow || kind == FaultKind::kProtected ||
         kind == FaultKind::kDevice || kind == FaultKind::kFetch;
}

void append_registers(const Registers &registers, std::string *text) {
  for (int i = 0; i < 32; ++i) {
    char item[32];
    std::snprintf(item, sizeof item, "%5s=%08x", kRegisterNames[i], registers.x[i]);
    *text += (i % kRegistersPerLine == 0 ? "\n   " : " ") + std::string(item);
  }
}

}  // namespace

const char *fault_code(FaultKind kind) {
  switch (kind) {
    case FaultKind::kIllegalInstruction:
      return "TW-1101";
    case FaultKind::kFetch:
      return "TW-1102";
    case FaultKind::kUnmapped:
      return "TW-1103";
    case FaultKind::kMisaligned:
      return "TW-1104";
    case FaultKind::kStackOverflow:
      return "TW-1105";
    case FaultKind::kProtected:
      return "TW-1106";
    case FaultKind::kDevice:
      return "TW-1107";
    case FaultKind::kEnvironment:
      return "TW-1108";
    case FaultKind::kDeadlock:
      return "TW-1109";
    case FaultKind::kCycleLimit:
      return "TW-1110";
  }
  return "TW-1100";
}

const char *fault_name(FaultKind kind) {
  switch (kind) {
    case FaultKind::kIllegalInstruction:
      return "illegal instruction";
    case FaultKind::kFetch:
      return "jump to where no code is";
    case FaultKind::kUnmapped:
      return "access to an address without memory or device";
    case FaultKind::kMisaligned:
      return "misaligned access";
    case FaultKind::kStackOverflow:
      return "stack overflow";
    case FaultKind::kProtected:
      return "store to code or constants";
    case FaultKind::kDevice:
      return "misuse of a device";
    case FaultKind::kEnvironment:
      return "ebreak or ecall";
    case FaultKind::kDeadlock:
      return "deadlock";
    case FaultKind::kCycleLimit:
      return "cycle limit reached";
  }
  return "fault";
}

Cycle fault_cycle(const Fault &fault, Machine *machine) {
  const bool has_core = fault.core >= 0 && fault.core < machine->cores();
  const Cycle clock = has_core ? machine->core(fault.core).clock() : kNever;
  return clock == kNever ? machine->cycles() : std::max(clock, machine->cycles());
}

std::string report_fault(const Fault &fault, Machine *machine, const ElfFile &elf) {
  const bool has_core = fault.core >= 0 && fault.core < machine->cores();
  std::string text = std::string("error ") + fault_code(fault.kind) + ": " + fault_name(fault.kind);
  if (has_core) {
    const Registers &registers = machine->core(fault.core).registers();
    text += ": " + machine->core_name(fault.core) + " at pc " + with_symbol(registers.pc, elf);
  }
  if (has_address(fault.kind)) {
    text += ", address " + with_symbol(fault.address, elf);
  }
  text += ", cycle " + std::to_string(fault_cycle(fault, machine));
  if (!fault.detail.empty()) {
    text += "\n  found: ";
    for (const char c : fault.detail) {
      text += c == '\n' ? "\n    " : std::string(1, c);
    }
  }
  if (advice(fault.kind) != nullptr) {
    text += std::string("\n  to change: ") + advice(fault.kind);
  }
  if (has_core) {
    const Registers &registers = machine->core(fault.core).registers();
    text += "\n  called from: " + with_symbol(registers.x[kReturnAddress], elf) + " (ra)";
    text += "\n  registers:";
    append_registers(registers, &text);
  }
  for (CoreIndex i = 0; i < machine->cores(); ++i) {
    if (i == fault.core || fault.kind == FaultKind::kDeadlock) {
      continue;  // a deadlock's detail is what the cores do
    }
    Core &core = machine->core(i);
    const bool started = core.statistics(machine->scheduler().now()).started != kNever;
    text += "\n  " + machine->core_name(i) + ": ";
    if (!started) {
      text += "never started";
    } else {
      text += std::string(core.asleep() ? "asleep" : "running") + " at " +
              with_symbol(core.registers().pc, elf) + ", ra " +
              with_symbol(core.registers().x[kReturnAddress], elf);
    }
  }
  return text + "\n";
}

}  // namespace tilewright::simulator
