// Proves that firmware polls for ever.
#ifndef PLATFORMS_SIMULATOR_SOC_POLLING_DETECTOR_H_
#define PLATFORMS_SIMULATOR_SOC_POLLING_DETECTOR_H_

#include <array>
#include <cstdint>
#include <vector>

#include "platforms/simulator/core/core.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// As long as no core stores, touches a device or reads the time, and no device is at work, memory
// does not change, and what each core does next follows from its own registers alone. A core whose
// registers are what they were before then repeats itself for ever; if that is true of all cores
// that are awake, nothing will ever happen again.
//
// The registers are compared with a snapshot that is renewed at doubling distances (Brent's cycle
// detection), so a loop of any length is found.
class PollingDetector {
 public:
  // Looks at the cores that are awake, while no device is at work. `disturbed`: a device was
  // touched since the last call. Returns whether all of them repeat themselves.
  bool check(const std::vector<Core *> &awake, bool disturbed, Cycle now);
  void reset();
  // Whether nothing was stored, nor a device touched, before the last check: a proof is under way,
  // and calls at short intervals hasten it.
  bool suspects() const { return suspects_; }

 private:
  struct Track {
    bool seen = false;  // the snapshot was met again
    std::uint64_t stores = 0;
    std::uint64_t steps = 0;  // since the snapshot
    std::uint64_t distance = 1;
    std::vector<std::uint32_t> snapshot;
  };

  bool suspects_ = false;
  std::uint64_t cores_ = 0;  // set of those awake
  std::array<Track, kMaximumCores> tracks_;
  std::vector<std::uint32_t> state_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_POLLING_DETECTOR_H_
