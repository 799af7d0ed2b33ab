#include "platforms/simulator/core/code_image.h"

#include <algorithm>
#include <utility>

#include "platforms/simulator/core/decode.h"

namespace tilewright::simulator {
namespace {

// The shortest body that the hardware supports, in bytes: three instructions.
constexpr std::uint32_t kShortestLoopBody = 12;

Address address_of(const CodeRegion &region, const Instruction *entry) {
  return region.begin + 2 * static_cast<std::uint32_t>(entry - region.instructions.data());
}

Instruction *entry_at(CodeRegion *region, Address address) {
  return &region->instructions[(address - region->begin) / 2];
}

// What falling into an entry executes.
void update_operation(Instruction *entry) {
  constexpr std::uint8_t kChecked = kFlagLoopEnd | kFlagBreakpoint | kFlagJumpRegisterHazard;
  if (entry->effect == kNotDecoded) {
    entry->operation = kNotDecoded;
  } else if ((entry->flags & kChecked) != 0) {
    entry->operation = kCheckFlags;
  } else if ((entry->flags & kFlagEntersLine) != 0) {
    entry->operation = kEnterLine;
  } else {
    entry->operation = entry->effect;
  }
}

// The condition of a branch in the terms of kBranchOutside: funct3, or 2 and 3, which the base
// instruction set leaves free, for the branches of xcvbi. -1: no branch.
int branch_condition(std::uint16_t effect) {
  switch (effect) {
    case kBeq:
      return 0;
    case kBne:
      return 1;
    case kBlt:
      return 4;
    case kBge:
      return 5;
    case kBltu:
      return 6;
    case kBgeu:
      return 7;
    case kCvBeqimm:
      return 2;
    case kCvBneimm:
      return 3;
    default:
      return -1;
  }
}

bool changes_control_flow(std::uint16_t effect) {
  return branch_condition(effect) >= 0 || effect == kJal || effect == kJump || effect == kJalr ||
         effect == kMret;
}

}  // namespace

void CodeImage::add_region(Address begin, std::vector<std::uint8_t> bytes) {
  CodeRegion region;
  region.begin = begin;
  region.end = begin + static_cast<std::uint32_t>(bytes.size());
  region.instructions.resize(bytes.size() / 2 + 1);
  region.bytes = std::move(bytes);
  regions_.push_back(std::move(region));
}

CodeRegion *CodeImage::find(Address address) {
  for (CodeRegion &region : regions_) {
    if (address - region.begin < region.end - region.begin) {
      return &region;
    }
  }
  return nullptr;
}

void CodeImage::change(Address address, const std::uint8_t *bytes, std::uint32_t size) {
  for (CodeRegion &region : regions_) {
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint32_t offset = address + i - region.begin;
      if (offset >= region.bytes.size()) {
        continue;
      }
      if (bytes != nullptr) {
        region.bytes[offset] = bytes[i];
      }
      // The instruction may begin a half-word earlier, and the one before that depends on it.
      for (std::uint32_t entry = offset / 2, n = 0; n < 4; ++n) {
        if (entry >= n) {
          Instruction &instruction = region.instructions[entry - n];
          const std::uint8_t kept =
              instruction.flags & (kFlagBreakpoint | kFlagMark | kFlagLoopEnd);
          instruction = Instruction{};
          instruction.flags = kept;
        }
      }
    }
  }
  loops_.clear();
}

void CodeImage::set_breakpoint(Address address) {
  breakpoints_.insert(address);
  if (CodeRegion *region = find(address)) {
    entry_at(region, address)->flags |= kFlagBreakpoint;
    update_operation(entry_at(region, address));
  }
}

void CodeImage::clear_breakpoint(Address address) {
  breakpoints_.erase(address);
  if (CodeRegion *region = find(address)) {
    entry_at(region, address)->flags &= static_cast<std::uint8_t>(~kFlagBreakpoint);
    update_operation(entry_at(region, address));
  }
}

void CodeImage::set_mark(Address address) {
  if (CodeRegion *region = find(address)) {
    entry_at(region, address)->flags |= kFlagMark;
  }
}

bool CodeImage::is_breakpoint(Address address) const { return breakpoints_.count(address) != 0; }

void CodeImage::decode_entry(CodeRegion &region, Instruction *entry) {
  const Address address = address_of(region, entry);
  const Decoded decoded = decode(region, address);
  const std::uint8_t kept =
      entry->flags & (kFlagBreakpoint | kFlagMark | kFlagLoopEnd | kFlagJumpRegisterHazard);
  *entry = decoded.instruction;
  entry->flags |= kept;

  const std::uint32_t offset = address % line_bytes_;
  if (offset + entry->size > line_bytes_) {
    entry->flags |= kFlagStraddles | kFlagEntersLine;
  } else if (offset == 0) {
    entry->flags |= kFlagEntersLine;
  }

  const Address next = address + entry->size;
  if (next < region.end) {
    const Decoded successor = decode(region, next);
    if (load_use_hazard(decoded, successor)) {
      entry->successor_stall = load_use_stall_;
    }
    if (jump_register_hazard(decoded, successor) && !changes_control_flow(entry->effect)) {
      Instruction *jump = entry_at(&region, next);
      jump->flags |= kFlagJumpRegisterHazard;
      update_operation(jump);
    }
  }

  // Jumps within a region are distances between entries.
  const Address target = address + static_cast<std::uint32_t>(entry->immediate);
  if (target - region.begin >= region.end - region.begin) {
    if (entry->effect == kJal || entry->effect == kJump) {
      entry->effect = kJalOutside;
    } else if (const int condition = branch_condition(entry->effect); condition >= 0) {
      entry->rounding_mode = static_cast<std::uint8_t>(condition);
      entry->effect = kBranchOutside;
    }
  }
  update_operation(entry);
}

const LoopBody &CodeImage::loop(Address begin, Address end) {
  const std::uint64_t key = std::uint64_t{begin} << 32 | end;
  const auto found = loops_.find(key);
  if (found != loops_.end()) {
    return found->second;
  }
  return loops_.emplace(key, analyse_loop(begin, end)).first->second;
}

LoopBody CodeImage::analyse_loop(Address begin, Address end) {
  LoopBody body{nullptr, nullptr, 0, {}};
  CodeRegion *region = find(begin);
  if (region == nullptr || end - region->begin > region->end - region->begin) {
    body.problem = "its body is not in the firmware's code";
    return body;
  }
  if (end <= begin || end - begin < kShortestLoopBody) {
    body.problem = "its body must have at least three instructions";
    return body;
  }
  if (begin % 4 != 0 || end % 4 != 0) {
    body.problem = "its body must begin and end at multiples of 4";
    return body;
  }
  body.begin = entry_at(region, begin);
  body.end = entry_at(region, end);
  Decoded last;
  for (Address address = begin; address < end; address += last.instruction.size) {
    last = decode(*region, address);
    const std::uint16_t effect = last.instruction.effect;
    if (last.instruction.size != 4) {
      body.problem = "its body contains compressed instructions";
    } else if (changes_control_flow(effect)) {
      body.problem = "its body contains branches or jumps";
    } else if (effect == kFence || effect == kFenceI || effect == kMret || effect == kWfi) {
      body.problem = "its body contains fences or privileged instructions";
    }
  }
  const int at_back_edge = load_use_hazard(last, decode(*region, begin)) ? load_use_stall_ : 0;
  const int at_exit =
      end < region->end && load_use_hazard(last, decode(*region, end)) ? load_use_stall_ : 0;
  body.back_edge_stall = at_back_edge - at_exit;
  body.end->flags |= kFlagLoopEnd;
  update_operation(body.end);
  return body;
}

}  // namespace tilewright::simulator
