// What a job does when: its timing as a sequence of phases.
#ifndef PLATFORMS_SIMULATOR_NEUREKA_PHASES_H_
#define PLATFORMS_SIMULATOR_NEUREKA_PHASES_H_

#include <vector>

#include "platforms/simulator/neureka/job.h"
#include "platforms/simulator/neureka/tile.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// A phase lasts `cycles` cycles if nobody competes for L1. Those that access memory may do so once
// in each of them, in an order that the kind defines; the others happen at their beginning.
struct Phase {
  enum class Kind {
    kWait,
    kReadPartialSums,  // an access per pixel and 8 channels
    kBeginInput,       // of tile `input_tile`; no cycles
    kReadInput,        // an access per pixel that is not padding
    kReadWeights,      // an access per 32 bytes, multiplied as they arrive
    kMultiply,         // all of the tile's weights, without accesses; no cycles
    kOccupyByWeights,  // accesses of weights that kMultiply has read
    kRequantise,       // no cycles
    kWriteOutput,      // an access per pixel, and per 8 channels if outputs have 32 bits
  };
  Kind kind;
  Cycle cycles;
  int input_tile = 0;
  // kOccupyByWeights: the tile that the weights belong to, and the first access.
  Tile tile{};
  int first_access = 0;
};

// Splits a job into tiles (output channels outermost, then rows, then columns) and these into
// phases. The durations are those of the hardware reference, section "N-EUREKA".
class PhaseSequence {
 public:
  // The job must stay where it is.
  explicit PhaseSequence(const Job *job);

  // Goes on to the next tile. False: there is none.
  bool next_tile();
  const Tile &tile() const { return tile_; }
  // The phases of the tile.
  const std::vector<Phase> &phases() const { return phases_; }

 private:
  void wait(Cycle cycles);
  void add_input(int input_tile);
  void add_product(int input_tile, Cycle load);
  void add_outputs();

  const Job *job_;
  Tile tile_{};
  int index_ = -1;
  // With prefetch: cycles of multiplication still to be done while the next tile loads, and how
  // many accesses of weights from L1 they contain.
  Cycle hidden_ = 0;
  int hidden_accesses_ = 0;
  Tile hidden_tile_{};
  int hidden_input_tile_ = 0;
  std::vector<Phase> phases_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_NEUREKA_PHASES_H_
