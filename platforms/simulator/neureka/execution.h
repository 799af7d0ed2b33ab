// A job under way: its phases, cycle by cycle, with their accesses to L1.
#ifndef PLATFORMS_SIMULATOR_NEUREKA_EXECUTION_H_
#define PLATFORMS_SIMULATOR_NEUREKA_EXECUTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "platforms/simulator/memory/tcdm.h"
#include "platforms/simulator/neureka/datapath.h"
#include "platforms/simulator/neureka/job.h"
#include "platforms/simulator/neureka/neureka.h"
#include "platforms/simulator/neureka/phases.h"

namespace tilewright::simulator {

class JobExecution {
 public:
  // Adds to the counters of work and accesses in `statistics`.
  JobExecution(Tcdm *tcdm, const std::uint8_t *weight_memory, NeurekaStatistics *statistics)
      : tcdm_(tcdm), statistics_(statistics), datapath_(tcdm, weight_memory) {}

  // The job must stay where it is. `core` is for messages.
  void begin(const Job *job, CoreIndex core);

  // Acts at cycle `at` and those below `limit`. Returns the cycle of the next action, or, if `done`
  // is set, the one behind the last phase.
  Cycle run(Cycle at, Cycle limit, bool *done);

 private:
  bool next_phase();
  void begin_phase();
  // What happens in a phase in one cycle. False: refused, the same again in the next one.
  bool read_partial_sums(Cycle now);
  bool read_input(const Phase &phase, Cycle now);
  bool access_weights(const Phase &phase, Cycle now);
  bool write_output(Cycle now);
  bool act(const Phase &phase, Cycle now);
  void multiply_all();
  bool claim(Address address, Cycle now);

  Tcdm *tcdm_;
  NeurekaStatistics *statistics_;
  Datapath datapath_;
  const Job *job_ = nullptr;
  std::optional<PhaseSequence> sequence_;
  std::size_t phase_ = 0;
  // In the phase: cycles that are done, and what the next access is for.
  Cycle slot_ = 0;
  int row_ = 0;  // of a pixel
  int column_ = 0;
  int group_ = 0;    // of 8 channels
  int channel_ = 0;  // of a filter
  int plane_ = 0;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_NEUREKA_EXECUTION_H_
