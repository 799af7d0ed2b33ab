// Hardware loops: set-up, and the constraints that the CV32E40P does not check itself
// (CV32E40P User Manual, "Hardware Loop constraints").
#include "platforms/simulator/core/core.h"
#include "platforms/simulator/core/decode.h"

namespace tilewright::simulator {

void Core::set_up_loop(const Instruction &instruction) {
  const unsigned number = instruction.rd;
  HardwareLoop &loop = loops_[number];
  const Address pc = address_of(ip_);
  const std::uint32_t rs1 = registers_.x[instruction.rs1];
  const auto immediate = static_cast<std::uint32_t>(instruction.immediate);
  const bool uses_pc = instruction.effect == kCvStarti || instruction.effect == kCvEndi ||
                       instruction.effect == kCvSetupi || instruction.effect == kCvSetup;
  if (uses_pc && pc % 4 != 0) {
    fault(FaultKind::kIllegalInstruction, pc,
          std::string(mnemonic(static_cast<Operation>(instruction.effect))) +
              " is not at a multiple of 4");
  }
  switch (instruction.effect) {
    case kCvStarti:
      loop.begin = pc + 4 * immediate;
      break;
    case kCvStart:
      loop.begin = rs1 & ~3u;
      break;
    case kCvEndi:
      loop.end = pc + 4 * immediate;
      break;
    case kCvEnd:
      loop.end = rs1 & ~3u;
      break;
    case kCvCounti:
      loop.count = immediate;
      break;
    case kCvCount:
      loop.count = rs1;
      break;
    case kCvSetupi:
      loop.begin = pc + 4;
      loop.end = pc + 4u * instruction.rs2;
      loop.count = immediate;
      break;
    default:  // kCvSetup
      loop.begin = pc + 4;
      loop.end = pc + 4 * immediate;
      loop.count = rs1;
      break;
  }
  if (loop.count != 0) {
    resolve_loop(number);
  }
}

void Core::resolve_loop(unsigned number) {
  HardwareLoop &loop = loops_[number];
  const LoopBody &body = code_->loop(loop.begin, loop.end);
  const std::string name = "hardware loop " + std::to_string(number) + ": ";
  if (!body.problem.empty()) {
    fault(FaultKind::kIllegalInstruction, address_of(ip_), name + body.problem);
  }
  const HardwareLoop &inner = loops_[0];
  const HardwareLoop &outer = loops_[1];
  if (inner.count != 0 && outer.count != 0 && inner.end > outer.begin && inner.begin < outer.end &&
      outer.end - inner.end < 8) {
    fault(FaultKind::kIllegalInstruction, address_of(ip_),
          "hardware loop 1 must end at least two instructions behind loop 0");
  }
  loop.first = body.begin;
  loop.behind = body.end;
  loop.back_edge_stall = body.back_edge_stall;
}

}  // namespace tilewright::simulator
