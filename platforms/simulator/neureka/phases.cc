#include "platforms/simulator/neureka/phases.h"

#include <algorithm>

namespace tilewright::simulator {
namespace {

// Cycles, from the hardware reference.
constexpr Cycle kBeforeLoad = 6;
constexpr Cycle kLoad1x1 = 42;  // whatever the number of pixels
constexpr Cycle kStart3x3 = 6;  // before the first product
constexpr Cycle kStart1x1 = 10;
constexpr Cycle kStart1x1Prefetched = 3;
constexpr Cycle kStartDepthwise = 34;  // products with the weight offset
constexpr Cycle kAfterProducts3x3 = 8;
constexpr Cycle kPrefetchAdvance = 3;  // of a load, over the products that it hides
constexpr Cycle kLastPrefetched1x1 = 10;
constexpr Cycle kAfterPartialSums = 10;
constexpr Cycle kLoadShifts = 8;
constexpr Cycle kRequantise = 21;  // beside the loading of scales
constexpr Cycle kAfterOutput1x1 = 3;
constexpr int kScaleBytesPerCycle = 4;
constexpr int kAccessChannels = 8;
constexpr Cycle kAccessesPerPixel32 = 4;  // of an output with 32-bit values

int groups_of(int channels, int group) { return (channels + group - 1) / group; }

}  // namespace

PhaseSequence::PhaseSequence(const Job *job) : job_(job) { phases_.reserve(16); }

void PhaseSequence::wait(Cycle cycles) {
  if (cycles != 0) {
    phases_.push_back({Phase::Kind::kWait, cycles});
  }
}

bool PhaseSequence::next_tile() {
  const int spatial_tiles = job_->row_tiles * job_->column_tiles;
  ++index_;
  if (index_ / spatial_tiles >= job_->output_tiles) {
    return false;
  }
  tile_ = make_tile(*job_, index_ / spatial_tiles, index_ % spatial_tiles / job_->column_tiles,
                    index_ % job_->column_tiles);
  phases_.clear();
  if (job_->stream_in) {
    phases_.push_back({Phase::Kind::kReadPartialSums,
                       static_cast<Cycle>(tile_.height * tile_.width *
                                          groups_of(tile_.channels, kAccessChannels))});
    wait(kAfterPartialSums);
  }
  for (int input_tile = 0; input_tile < job_->input_tiles; ++input_tile) {
    add_input(input_tile);
  }
  add_outputs();
  return true;
}

void PhaseSequence::add_input(int input_tile) {
  wait(kBeforeLoad);
  phases_.push_back({Phase::Kind::kBeginInput, 0, input_tile});
  const auto pixels = static_cast<Cycle>(tile_.input_height(*job_) * tile_.input_width(*job_));
  const Cycle load = job_->kernel() == 1 ? kLoad1x1 : pixels;
  phases_.push_back({Phase::Kind::kReadInput, pixels, input_tile});
  wait(load - pixels);
  add_product(input_tile, load);
}

void PhaseSequence::add_product(int input_tile, Cycle load) {
  const bool in_l1 = !job_->weights_in_weight_memory;
  const bool pointwise = job_->mode == ConvolutionMode::k1x1;
  int accesses;
  Cycle start;
  Cycle end;
  if (job_->mode == ConvolutionMode::kDepthwise) {
    accesses = job_->weight_bits;
    start = kStartDepthwise;
    end = 0;
  } else if (pointwise) {
    accesses = tile_.channels;
    start = job_->prefetch ? kStart1x1Prefetched : kStart1x1;
    end = 0;
  } else {
    accesses = tile_.channels * job_->weight_bits;
    start = kStart3x3;
    end = kAfterProducts3x3;
  }
  const auto compute = static_cast<Cycle>(accesses);

  if (job_->prefetch) {
    // What is left of the previous products once this load is done.
    const Cycle covered = load + kPrefetchAdvance;
    const Cycle rest = hidden_ > covered ? hidden_ - covered : 0;
    // The accesses that do not fit in there coincide with those of the load: one port.
    const auto visible = std::min(rest, static_cast<Cycle>(hidden_accesses_));
    if (visible != 0) {
      phases_.push_back({Phase::Kind::kOccupyByWeights, visible, hidden_input_tile_, hidden_tile_,
                         hidden_accesses_ - static_cast<int>(visible)});
    }
    wait(rest - visible);
  }
  wait(start);
  const bool last = tile_.row == job_->row_tiles - 1 && tile_.column == job_->column_tiles - 1 &&
                    input_tile == job_->input_tiles - 1;
  if (!job_->prefetch || last) {
    if (in_l1) {
      phases_.push_back({Phase::Kind::kReadWeights, compute, input_tile});
    } else {
      phases_.push_back({Phase::Kind::kMultiply, 0, input_tile});
      wait(compute);
    }
    wait(end);
  } else {
    phases_.push_back({Phase::Kind::kMultiply, 0, input_tile});
  }
  if (job_->prefetch) {
    hidden_accesses_ = in_l1 && !last ? accesses : 0;
    hidden_tile_ = tile_;
    hidden_input_tile_ = input_tile;
    hidden_ = start + compute + end;
    if (last) {
      const Cycle extra = pointwise ? kLastPrefetched1x1 : 0;
      wait(extra);
      hidden_ = start + extra;
    }
  }
}

void PhaseSequence::add_outputs() {
  if (job_->requantise) {
    if (job_->load_shift) {
      wait(kLoadShifts);
    }
    const bool full =
        tile_.channels == kScaleBytesPerCycle * 8 || tile_.output < job_->output_tiles - 1;
    wait(static_cast<Cycle>(
             full ? job_->scale_bits
                  : groups_of(tile_.channels * job_->scale_bits / 8, kScaleBytesPerCycle)) +
         kRequantise);
    phases_.push_back({Phase::Kind::kRequantise, 0});
  }
  const auto slots = static_cast<Cycle>(job_->spatial_tile * (tile_.height - 1) + tile_.width);
  phases_.push_back(
      {Phase::Kind::kWriteOutput, job_->output_bits == 32 ? kAccessesPerPixel32 * slots : slots});
  if (job_->mode == ConvolutionMode::k1x1) {
    wait(kAfterOutput1x1);
  }
}

}  // namespace tilewright::simulator
