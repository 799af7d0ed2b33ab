#include "platforms/simulator/debug/gdb_registers.h"

#include "platforms/simulator/debug/register_names.h"

namespace tilewright::simulator {
namespace {

struct ControlRegister {
  unsigned number;
  const char *name;
};

// Those that a core may have; what read_csr knows of them is described to gdb.
constexpr ControlRegister kControlRegisters[] = {
    {0x001, "fflags"},    {0x002, "frm"},      {0x003, "fcsr"},    {0x300, "mstatus"},
    {0x301, "misa"},      {0x304, "mie"},      {0x305, "mtvec"},   {0x340, "mscratch"},
    {0x341, "mepc"},      {0x342, "mcause"},   {0x343, "mtval"},   {0x344, "mip"},
    {0xb00, "mcycle"},    {0xb02, "minstret"}, {0xb80, "mcycleh"}, {0xb82, "minstreth"},
    {0xf11, "mvendorid"}, {0xf12, "marchid"},  {0xf13, "mimpid"},  {0xf14, "mhartid"},
};

std::string register_line(const std::string &name, const char *type, unsigned number) {
  return "<reg name=\"" + name + "\" bitsize=\"32\" type=\"" + type + "\" regnum=\"" +
         std::to_string(number) + "\"/>\n";
}

}  // namespace

bool read_register(Core *core, unsigned number, std::uint32_t *value) {
  const Registers &registers = core->registers();
  if (number < kProgramCounter) {
    *value = number == 0 ? 0 : registers.x[number];
  } else if (number == kProgramCounter) {
    *value = registers.pc;
  } else if (number < kFirstCsr) {
    *value = registers.f[number - kFirstFloat];
  } else {
    return core->read_csr(number - kFirstCsr, value);
  }
  return true;
}

bool write_register(Core *core, unsigned number, std::uint32_t value) {
  Registers &registers = core->registers();
  if (number == 0) {
    return true;  // x0 keeps its value
  }
  if (number < kProgramCounter) {
    registers.x[number] = value;
  } else if (number == kProgramCounter) {
    registers.pc = value;
  } else if (number < kFirstCsr) {
    registers.f[number - kFirstFloat] = value;
  } else {
    return false;
  }
  return true;
}

std::string target_description(const Core &core) {
  std::string text =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
      "<target version=\"1.0\">\n<architecture>riscv:rv32</architecture>\n"
      "<feature name=\"org.gnu.gdb.riscv.cpu\">\n";
  for (unsigned i = 0; i < kProgramCounter; ++i) {
    const bool stack_pointer = i == 2;
    const char *type = i == 1 ? "code_ptr" : stack_pointer ? "data_ptr" : "int";
    text += register_line(kRegisterNames[i], type, i);
  }
  text += register_line("pc", "code_ptr", kProgramCounter);
  text += "</feature>\n<feature name=\"org.gnu.gdb.riscv.fpu\">\n";
  for (unsigned i = kFirstFloat; i < kFirstCsr; ++i) {
    text += register_line(kFloatRegisterNames[i - kFirstFloat], "ieee_single", i);
  }
  text += "</feature>\n<feature name=\"org.gnu.gdb.riscv.csr\">\n";
  for (const ControlRegister &control : kControlRegisters) {
    std::uint32_t value;
    if (core.read_csr(control.number, &value)) {
      text += register_line(control.name, "int", kFirstCsr + control.number);
    }
  }
  return text + "</feature>\n</target>\n";
}

}  // namespace tilewright::simulator
