#include "platforms/simulator/debug/instruction_trace.h"

#include <cstdio>

namespace tilewright::simulator {

const std::string &InstructionTrace::place(Address pc) {
  std::string &text = places_[pc];
  if (text.empty()) {
    char encoding[16] = "        ";
    const CodeRegion *region = code_()->find(pc);
    const std::size_t offset = region != nullptr ? pc - region->begin : 0;
    if (region != nullptr && offset + 2 <= region->bytes.size()) {
      const std::uint8_t *bytes = region->bytes.data() + offset;
      const bool compressed = (bytes[0] & 3u) != 3;
      if (compressed) {
        std::snprintf(encoding, sizeof encoding, "    %02x%02x", bytes[1], bytes[0]);
      } else if (offset + 4 <= region->bytes.size()) {
        std::snprintf(encoding, sizeof encoding, "%02x%02x%02x%02x", bytes[3], bytes[2], bytes[1],
                      bytes[0]);
      }
    }
    char head[32];
    std::snprintf(head, sizeof head, "%08x  %s", pc, encoding);
    const std::string symbol = elf_->describe(pc);
    text = head + (symbol.empty() ? "" : "  " + symbol) + "\n";
  }
  return text;
}

void InstructionTrace::instruction(CoreIndex core, Cycle cycle, Address pc) {
  announced_.emplace(cycle, std::pair(core, pc));
  write_before(now_());
}

void InstructionTrace::write_before(Cycle cycle) {
  const auto end = announced_.lower_bound(cycle);
  for (auto entry = announced_.begin(); entry != end; ++entry) {
    const auto &[core, pc] = entry->second;
    char head[64];
    std::snprintf(head, sizeof head, "%12llu  %-17s  ",
                  static_cast<unsigned long long>(entry->first), core_name_(core).c_str());
    file_->write(head + place(pc));
  }
  announced_.erase(announced_.begin(), end);
}

}  // namespace tilewright::simulator
