#include "platforms/simulator/soc/firmware_loader.h"

#include <cstring>
#include <string>
#include <vector>

#include "platforms/simulator/soc/hexadecimal.h"

namespace tilewright::simulator {
namespace {

std::string name(const Segment &segment) {
  return "the segment at " + hexadecimal(segment.address, 8) + " (" +
         std::to_string(segment.memory_size) + " bytes" +
         (segment.executable ? ", code" : (segment.writable ? "" : ", read-only")) + ")";
}

std::string place(const std::string &memory, Address base, std::uint32_t size) {
  return memory + " " + hexadecimal(base, 8) + " to " + hexadecimal(base + size - 1, 8);
}

}  // namespace

void load_firmware(const ElfFile &elf, Tcdm *tcdm, ExternalMemory *l2,
                   ExternalMemory *weight_memory, CodeImage *code) {
  std::vector<const Segment *> segments;
  for (const Segment &segment : elf.segments()) {
    if (segment.memory_size != 0) {
      segments.push_back(&segment);
    }
  }
  std::vector<std::string> problems;
  for (const Segment *segment : segments) {
    const Address address = segment->address;
    const std::uint32_t size = segment->memory_size;
    const bool in_l2 = l2->contains(address, size);
    const bool in_l1 = size <= tcdm->size() && tcdm->contains(address, size);
    if (!in_l2 && !in_l1 && !weight_memory->contains(address, size)) {
      problems.push_back(
          name(*segment) + " is not in memory: " + place("L1", tcdm->base(), tcdm->size()) + ", " +
          (weight_memory->size() == 0
               ? ""
               : place(weight_memory->name(), weight_memory->base(), weight_memory->size()) +
                     ", ") +
          place(l2->name(), l2->base(), l2->size()));
    } else if (segment->executable && !in_l2) {
      problems.push_back(name(*segment) + " is not in L2, from which the instruction caches fetch");
    }
  }
  if (!problems.empty()) {
    std::string text;
    for (const std::string &problem : problems) {
      text += (text.empty() ? "" : "\n") + problem;
    }
    throw ElfError(text);
  }

  for (const Segment *segment : segments) {
    const Address address = segment->address;
    const std::uint32_t size = segment->memory_size;
    std::uint8_t *target = nullptr;
    if (l2->contains(address, size)) {
      target = l2->at(address);
      if (segment->executable) {
        l2->protect(address, address + size, "code");
      } else if (!segment->writable) {
        l2->protect(address, address + size, "constants");
      }
    } else if (weight_memory->contains(address, size)) {
      target = weight_memory->at(address);
      if (!segment->writable) {
        weight_memory->protect(address, address + size, "constants");
      }
    } else {
      target = tcdm->data() + (address - tcdm->base());
    }
    if (!segment->bytes.empty()) {
      std::memcpy(target, segment->bytes.data(), segment->bytes.size());
    }
    if (segment->executable) {
      std::vector<std::uint8_t> bytes(segment->bytes);
      bytes.resize(size);
      code->add_region(address, std::move(bytes));
    }
  }
}

}  // namespace tilewright::simulator
