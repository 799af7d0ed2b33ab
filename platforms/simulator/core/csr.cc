// Control and status registers.
#include <cstdio>

#include "platforms/simulator/core/core.h"
#include "platforms/simulator/core/decode.h"

namespace tilewright::simulator {
namespace {

enum Csr : unsigned {
  kFflags = 0x001,
  kFrm = 0x002,
  kFcsr = 0x003,
  kMstatus = 0x300,
  kMisa = 0x301,
  kMie = 0x304,
  kMtvec = 0x305,
  kMcountinhibit = 0x320,
  kMscratch = 0x340,
  kMepc = 0x341,
  kMcause = 0x342,
  kMtval = 0x343,
  kMip = 0x344,
  kMcycle = 0xb00,
  kMinstret = 0xb02,
  kMcycleh = 0xb80,
  kMinstreth = 0xb82,
  kCycle = 0xc00,
  kTime = 0xc01,
  kInstret = 0xc02,
  kCycleh = 0xc80,
  kTimeh = 0xc81,
  kInstreth = 0xc82,
  // Of the hardware loops; the addresses of the first loop's begin and end are PCER and PCMR here.
  kLpcount0 = 0xcc2,
  kLpstart1 = 0xcc4,
  kLpend1 = 0xcc5,
  kLpcount1 = 0xcc6,
  kMvendorid = 0xf11,
  kMarchid = 0xf12,
  kMimpid = 0xf13,
  kMhartid = 0xf14,
};

// 32-bit; extensions C, F, I, M and non-standard ones.
constexpr std::uint32_t kMisaValue = 1u << 30 | 1u << 2 | 1u << 5 | 1u << 8 | 1u << 12 | 1u << 23;
// OpenHW Group's number, and that of the CV32E40P.
constexpr std::uint32_t kVendor = 0x602;
constexpr std::uint32_t kArchitecture = 4;
constexpr std::uint32_t kMstatusWritable = 0x00006088;  // FS, MPIE, MIE
constexpr std::uint32_t kMstatusFs = 0x00006000;
constexpr std::uint32_t kMstatusMpp = 0x00001800;  // only machine mode exists

// Whether its value depends on time.
bool is_counter(unsigned number) {
  return PerformanceCounters::contains(number) || (number >= kMcycle && number <= kMinstreth) ||
         (number >= kCycle && number <= kInstreth);
}

std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }
std::uint64_t with_low(std::uint64_t value, std::uint32_t word) {
  return (value & ~std::uint64_t{0xffffffff}) | word;
}
std::uint64_t with_high(std::uint64_t value, std::uint32_t word) {
  return (value & 0xffffffff) | std::uint64_t{word} << 32;
}

}  // namespace

bool Core::read_csr(unsigned number, std::uint32_t *value) const {
  if (PerformanceCounters::contains(number)) {
    *value = performance_counters_.read(number, statistics(clock_));
    return true;
  }
  const std::uint64_t cycles = clock_ + cycle_offset_;
  const std::uint64_t instructions = statistics(clock_).instructions + instruction_offset_;
  switch (number) {
    case kFflags:
      *value = fflags_;
      return true;
    case kFrm:
      *value = frm_;
      return true;
    case kFcsr:
      *value = frm_ << 5 | fflags_;
      return true;
    case kMstatus:
      *value = mstatus_ | ((mstatus_ & kMstatusFs) == kMstatusFs ? 1u << 31 : 0);
      return true;
    case kMisa:
      *value = kMisaValue;
      return true;
    case kMie:
      *value = mie_;
      return true;
    case kMtvec:
      *value = mtvec_;
      return true;
    case kMcountinhibit:
      *value = mcountinhibit_;
      return true;
    case kMscratch:
      *value = mscratch_;
      return true;
    case kMepc:
      *value = mepc_;
      return true;
    case kMcause:
      *value = mcause_;
      return true;
    case kMtval:
      *value = mtval_;
      return true;
    case kMip:
    case kMimpid:
      *value = 0;
      return true;
    case kMcycle:
    case kCycle:
    case kTime:
      *value = low(cycles);
      return true;
    case kMcycleh:
    case kCycleh:
    case kTimeh:
      *value = high(cycles);
      return true;
    case kMinstret:
    case kInstret:
      *value = low(instructions);
      return true;
    case kMinstreth:
    case kInstreth:
      *value = high(instructions);
      return true;
    case kLpcount0:
      *value = loops_[0].count;
      return true;
    case kLpstart1:
      *value = loops_[1].begin;
      return true;
    case kLpend1:
      *value = loops_[1].end;
      return true;
    case kLpcount1:
      *value = loops_[1].count;
      return true;
    case kMvendorid:
      *value = kVendor;
      return true;
    case kMarchid:
      *value = kArchitecture;
      return true;
    case kMhartid:
      *value = hart_id_;
      return true;
    default:
      return false;
  }
}

bool Core::write_csr(unsigned number, std::uint32_t value) {
  if (PerformanceCounters::contains(number)) {
    performance_counters_.write(number, value, statistics(clock_));
    return true;
  }
  std::uint32_t old = 0;
  if ((number >> 10) == 3 || !read_csr(number, &old)) {
    return false;
  }
  const std::uint64_t instructions = statistics(clock_).instructions;
  switch (number) {
    case kFflags:
      fflags_ = value & 31;
      break;
    case kFrm:
      frm_ = value & 7;
      break;
    case kFcsr:
      fflags_ = value & 31;
      frm_ = value >> 5 & 7;
      break;
    case kMstatus:
      mstatus_ = (value & kMstatusWritable) | kMstatusMpp;
      break;
    case kMie:
      mie_ = value;
      break;
    case kMtvec:
      mtvec_ = (value & ~0xffu) | (value & 1);
      break;
    case kMcountinhibit:
      mcountinhibit_ = value;
      break;
    case kMscratch:
      mscratch_ = value;
      break;
    case kMepc:
      mepc_ = value & ~1u;
      break;
    case kMcause:
      mcause_ = value & 0x8000001f;
      break;
    case kMtval:
      mtval_ = value;
      break;
    case kMcycle:
      cycle_offset_ = with_low(clock_ + cycle_offset_, value) - clock_;
      break;
    case kMcycleh:
      cycle_offset_ = with_high(clock_ + cycle_offset_, value) - clock_;
      break;
    case kMinstret:
      instruction_offset_ = with_low(instructions + instruction_offset_, value) - instructions;
      break;
    case kMinstreth:
      instruction_offset_ = with_high(instructions + instruction_offset_, value) - instructions;
      break;
    default:
      break;  // misa, mip: writes are ignored
  }
  return true;
}

bool Core::take_time_read() {
  const bool read = time_read_;
  time_read_ = false;
  return read;
}

void Core::architectural_state(std::vector<std::uint32_t> *state) const {
  state->push_back(ip_ != nullptr ? address_of(ip_) : registers_.pc);
  state->insert(state->end(), registers_.x.begin() + 1, registers_.x.begin() + 32);
  state->insert(state->end(), registers_.f.begin(), registers_.f.end());
  for (const HardwareLoop &loop : loops_) {
    state->insert(state->end(), {loop.begin, loop.end, loop.count});
  }
  state->insert(state->end(), {fflags_, frm_, mstatus_, mtvec_, mepc_, mcause_, mtval_, mscratch_,
                               mie_, mcountinhibit_, asleep_ ? 1u : 0u});
}

std::uint32_t Core::access_csr(const Instruction &instruction, std::uint32_t operand) {
  const auto number = static_cast<unsigned>(instruction.immediate);
  std::uint32_t old = 0;
  bool good = read_csr(number, &old);
  time_read_ |= is_counter(number);
  // Setting or clearing the bits of x0, or of the constant 0, does not write.
  switch (instruction.effect) {
    case kCsrrw:
    case kCsrrwi:
      good = good && write_csr(number, operand);
      break;
    case kCsrrs:
      good = good && (instruction.rs1 == 0 || write_csr(number, old | operand));
      break;
    case kCsrrc:
      good = good && (instruction.rs1 == 0 || write_csr(number, old & ~operand));
      break;
    case kCsrrsi:
      good = good && (operand == 0 || write_csr(number, old | operand));
      break;
    default:  // kCsrrci
      good = good && (operand == 0 || write_csr(number, old & ~operand));
      break;
  }
  if (!good) {
    char text[80];
    std::snprintf(text, sizeof text, "there is no control and status register 0x%03x%s", number,
                  read_csr(number, &old) ? " that can be written" : "");
    fault(FaultKind::kIllegalInstruction, address_of(ip_), text);
  }
  return old;
}

void Core::illegal_instruction(const Instruction &instruction) const {
  char text[80];
  std::snprintf(text, sizeof text, "0x%0*x is no instruction of RV32IMFC, Zicsr or CORE-V",
                2 * instruction.size, static_cast<unsigned>(instruction.immediate));
  fault(FaultKind::kIllegalInstruction, address_of(ip_), text);
}

}  // namespace tilewright::simulator
