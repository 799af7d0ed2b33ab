// One DMA transfer: what a command says, whether it may be said, and how long it takes.
#ifndef PLATFORMS_SIMULATOR_DEVICES_DMA_TRANSFER_H_
#define PLATFORMS_SIMULATOR_DEVICES_DMA_TRANSFER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/memory/external_memory.h"
#include "platforms/simulator/memory/tcdm.h"
#include "platforms/simulator/soc/fault.h"
#include "platforms/simulator/soc/soc_description.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

struct DmaTransfer {
  bool to_l1 = false;
  bool two_dimensional = false;
  bool raise_event = false;      // event 8
  bool raise_interrupt = false;  // event 9
  bool broadcast = false;        // events go to all cores
  std::uint32_t bytes = 0;       // of all lines
  Address l1 = 0;
  Address external = 0;
  std::uint32_t line = 0;    // 2D: bytes of a line in external memory; lines are packed in L1
  std::uint32_t stride = 0;  // 2D: from line to line in external memory
  ExternalMemory *memory = nullptr;

  CoreIndex issuer = kNoCore;
  int counter = 0;
  Cycle queued = 0;
  Cycle started = 0;

  // Unpacks the words of a command.
  static DmaTransfer decode(const std::vector<std::uint32_t> &words);
  static bool is_two_dimensional(std::uint32_t command) { return (command >> 19 & 1u) != 0; }

  // Finds the memory and returns everything that is wrong, one sentence fragment each.
  std::vector<std::string> check(std::uint32_t command, const Tcdm &tcdm,
                                 const std::vector<ExternalMemory *> &memories);

  // Address in external memory of a byte of the transfer.
  Address external_at(std::uint32_t offset) const {
    return two_dimensional ? external + offset / line * stride + offset % line : external + offset;
  }
  // End of the beat that begins at an offset: a beat moves the bytes of two neighbouring words of
  // L1 (the last one of three, if L1's address is misaligned), and no more than one line if lines
  // are shorter than that.
  std::uint32_t beat_end(std::uint32_t offset, std::uint32_t beat_bytes) const;

  // Beats, and cycles between beats, of a transfer that nobody hinders.
  struct Duration {
    std::uint32_t beats;
    std::uint32_t pauses;
  };
  Duration duration(const DmaDescription &description) const;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_DMA_TRANSFER_H_
