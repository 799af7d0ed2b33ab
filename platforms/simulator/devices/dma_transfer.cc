#include "platforms/simulator/devices/dma_transfer.h"

#include <algorithm>

#include "platforms/simulator/soc/hexadecimal.h"

namespace tilewright::simulator {
namespace {

constexpr std::uint32_t kLengthMask = 0x1ffff;
constexpr std::uint32_t kUnknownBits = 0xff800000;
constexpr int kToL1Bit = 17;
constexpr int kIncrementBit = 18;
constexpr int kEventBit = 20;
constexpr int kInterruptBit = 21;
constexpr int kBroadcastBit = 22;

constexpr std::uint32_t divide_up(std::uint32_t a, std::uint32_t b) { return (a + b - 1) / b; }

}  // namespace

DmaTransfer DmaTransfer::decode(const std::vector<std::uint32_t> &words) {
  const std::uint32_t command = words[0];
  DmaTransfer transfer;
  transfer.bytes = command & kLengthMask;
  transfer.to_l1 = (command >> kToL1Bit & 1u) != 0;
  transfer.two_dimensional = is_two_dimensional(command);
  transfer.raise_event = (command >> kEventBit & 1u) != 0;
  transfer.raise_interrupt = (command >> kInterruptBit & 1u) != 0;
  transfer.broadcast = (command >> kBroadcastBit & 1u) != 0;
  transfer.l1 = words[1];
  transfer.external = words[2];
  if (transfer.two_dimensional) {
    transfer.line = words[3];
    transfer.stride = words[4];
  }
  return transfer;
}

std::vector<std::string> DmaTransfer::check(std::uint32_t command, const Tcdm &tcdm,
                                            const std::vector<ExternalMemory *> &memories) {
  std::vector<std::string> problems;
  if (bytes == 0) {
    problems.push_back("its length is zero");
  }
  if ((command >> kIncrementBit & 1u) == 0) {
    problems.push_back("the increment bit is clear, but nothing here has a fixed address");
  }
  if ((command & kUnknownBits) != 0) {
    problems.push_back("command " + hexadecimal(command) + " has bits set above bit " +
                       std::to_string(kBroadcastBit));
  }
  const std::uint32_t length = std::max(bytes, 1u);
  if (!tcdm.contains(l1, length)) {
    problems.push_back("its L1 operand, " + std::to_string(bytes) + " bytes at " +
                       hexadecimal(l1, 8) + ", is not in L1 (" + hexadecimal(tcdm.base(), 8) +
                       ", " + std::to_string(tcdm.size()) + " bytes)");
  }
  std::uint64_t span = length;
  if (two_dimensional) {
    if (line == 0) {
      problems.push_back("its line length is zero");
    } else if (line == 4) {
      problems.push_back("its lines have 4 bytes, which the hardware gets wrong");
    }
    if (line != 0) {
      const std::uint64_t lines = divide_up(length, line);
      const std::uint32_t last = length - static_cast<std::uint32_t>(lines - 1) * line;
      span = (lines - 1) * stride + last;
      if (lines > 1) {
        span = std::max<std::uint64_t>(span, (lines - 2) * stride + line);
      }
    }
  }
  for (ExternalMemory *candidate : memories) {
    if (span <= candidate->size() &&
        candidate->contains(external, static_cast<std::uint32_t>(span))) {
      memory = candidate;
    }
  }
  const std::string operand = "its external operand, " + std::to_string(span) + " bytes at " +
                              hexadecimal(external, 8) + ", ";
  if (memory == nullptr) {
    std::string names;
    for (const ExternalMemory *candidate : memories) {
      names += (names.empty() ? "" : " or ") + candidate->name() + " (" +
               hexadecimal(candidate->base(), 8) + ", " + std::to_string(candidate->size()) +
               " bytes)";
    }
    problems.push_back(operand + "is not in " + names);
  } else if (!to_l1) {
    const std::string *protection = memory->protection(external, static_cast<std::uint32_t>(span));
    if (protection != nullptr) {
      problems.push_back(operand + "overwrites " + *protection);
    }
  }
  return problems;
}

std::uint32_t DmaTransfer::beat_end(std::uint32_t offset, std::uint32_t beat_bytes) const {
  std::uint32_t end = std::min(bytes, offset + beat_bytes - ((l1 + offset) & 3u));
  if (bytes - end <= (l1 & 3u)) {
    end = bytes;  // what the misaligned first beat left over goes with the last one
  }
  if (two_dimensional && line < beat_bytes) {
    end = std::min(end, offset - offset % line + line);
  }
  return end;
}

DmaTransfer::Duration DmaTransfer::duration(const DmaDescription &description) const {
  const std::uint32_t beat = description.bytes_per_cycle;
  const std::uint32_t lines = two_dimensional ? divide_up(bytes, line) : 1;
  std::uint32_t beats = divide_up(bytes, beat);
  std::uint32_t cycles = beats;
  if (two_dimensional && line < beat) {
    beats = 0;
    for (std::uint32_t offset = 0; offset < bytes; offset = beat_end(offset, beat)) {
      ++beats;
    }
    cycles = beats;
  }
  if (((l1 | external | line | stride) & 3u) != 0) {
    cycles += bytes / description.misaligned_bytes;
  }
  if (!to_l1) {
    // Every burst waits for its acknowledgement; a burst ends with its line.
    const std::uint32_t run = two_dimensional ? std::min(line, bytes) : bytes;
    const std::uint32_t further = divide_up(run, description.burst) - 1;
    const auto first = static_cast<std::uint32_t>(
        two_dimensional ? description.store_line_penalty : description.store_burst_penalty);
    cycles +=
        lines * (first + further * static_cast<std::uint32_t>(description.store_burst_penalty));
  }
  const auto minimum = static_cast<std::uint32_t>(description.minimum);
  const auto start = static_cast<std::uint32_t>(description.start);
  cycles = std::max(cycles, minimum > start ? minimum - start : 0);
  return {beats, std::max(cycles, beats) - beats};
}

}  // namespace tilewright::simulator
