#include "platforms/simulator/neureka/execution.h"

#include <cassert>

namespace tilewright::simulator {
namespace {

// Accesses of an output pixel with 32-bit values: of 8 values each.
constexpr int kGroups32 = 4;

}  // namespace

void JobExecution::begin(const Job *job, CoreIndex core) {
  job_ = job;
  datapath_.begin_job(job, core);
  sequence_.emplace(job);
  sequence_->next_tile();
  datapath_.begin_tile(sequence_->tile());
  phase_ = 0;
  begin_phase();
}

bool JobExecution::next_phase() {
  if (++phase_ == sequence_->phases().size()) {
    if (!sequence_->next_tile()) {
      return false;
    }
    datapath_.begin_tile(sequence_->tile());
    phase_ = 0;
  }
  begin_phase();
  return true;
}

void JobExecution::begin_phase() {
  slot_ = 0;
  row_ = 0;
  column_ = 0;
  group_ = 0;
  const Phase &phase = sequence_->phases()[phase_];
  const int planes = job_->weight_planes();
  channel_ = phase.first_access / planes;
  plane_ = phase.first_access % planes;
}

bool JobExecution::claim(Address address, Cycle now) {
  if (tcdm_->claim_wide(address, now)) {
    return true;
  }
  ++statistics_->stall_cycles;
  return false;
}

bool JobExecution::read_partial_sums(Cycle now) {
  const Tile &tile = sequence_->tile();
  if (!claim(datapath_.output_address(row_, column_, group_), now)) {
    return false;
  }
  ++statistics_->partial_sum_accesses;
  datapath_.read_partial_sums(row_, column_, group_);
  if (++group_ * Datapath::kAccessChannels >= tile.channels) {
    group_ = 0;
    if (++column_ == tile.width) {
      column_ = 0;
      ++row_;
    }
  }
  return true;
}

bool JobExecution::read_input(const Phase &phase, Cycle now) {
  if (datapath_.reads_pixel(row_, column_)) {
    if (!claim(datapath_.pixel_address(row_, column_), now)) {
      return false;
    }
    ++statistics_->input_accesses;
    datapath_.read_pixel(row_, column_);
  }
  if (++column_ == sequence_->tile().input_width(*job_)) {
    column_ = 0;
    ++row_;
  }
  if (slot_ + 1 == phase.cycles) {
    datapath_.end_input();
  }
  return true;
}

bool JobExecution::access_weights(const Phase &phase, Cycle now) {
  const bool reads = phase.kind == Phase::Kind::kReadWeights;
  const Tile &filters = reads ? sequence_->tile() : phase.tile;
  if (!claim(weight_address(*job_, filters, phase.input_tile, channel_, plane_), now)) {
    ++statistics_->weight_stall_cycles;
    return false;
  }
  statistics_->weight_accesses_l1 += reads ? 1 : 0;
  if (++plane_ == job_->weight_planes()) {
    if (reads) {
      statistics_->multiply_accumulates += datapath_.multiply(channel_);
    }
    plane_ = 0;
    ++channel_;
  }
  return true;
}

bool JobExecution::write_output(Cycle now) {
  const Tile &tile = sequence_->tile();
  // All six columns have their turn, whether the tile is as wide or not.
  if (column_ < tile.width && group_ * Datapath::kAccessChannels < tile.channels) {
    if (!claim(datapath_.output_address(row_, column_, group_), now)) {
      return false;
    }
    ++statistics_->output_accesses;
    datapath_.write_output(row_, column_, group_);
  }
  if (job_->output_bits == 8 || ++group_ == kGroups32) {
    group_ = 0;
    if (++column_ == job_->spatial_tile) {
      column_ = 0;
      ++row_;
    }
  }
  return true;
}

bool JobExecution::act(const Phase &phase, Cycle now) {
  switch (phase.kind) {
    case Phase::Kind::kReadPartialSums:
      return read_partial_sums(now);
    case Phase::Kind::kReadInput:
      return read_input(phase, now);
    case Phase::Kind::kReadWeights:
    case Phase::Kind::kOccupyByWeights:
      return access_weights(phase, now);
    case Phase::Kind::kWriteOutput:
      return write_output(now);
    case Phase::Kind::kWait:
    case Phase::Kind::kBeginInput:
    case Phase::Kind::kMultiply:
    case Phase::Kind::kRequantise:
      break;
  }
  assert(false && "the phase has no accesses");
  return true;
}

void JobExecution::multiply_all() {
  const int channels = job_->mode == ConvolutionMode::kDepthwise ? 1 : sequence_->tile().channels;
  for (int channel = 0; channel < channels; ++channel) {
    statistics_->multiply_accumulates += datapath_.multiply(channel);
  }
  const auto accesses = static_cast<std::uint64_t>(channels * job_->weight_planes());
  if (job_->weights_in_weight_memory) {
    statistics_->weight_bytes_wmem += accesses * kAccessBytes;
  } else {
    statistics_->weight_accesses_l1 += accesses;
  }
}

Cycle JobExecution::run(Cycle at, Cycle limit, bool *done) {
  *done = false;
  const Cycle now = at;
  while (at == now || at < limit) {
    const Phase &phase = sequence_->phases()[phase_];
    bool phase_done = true;
    switch (phase.kind) {
      case Phase::Kind::kWait:
        at += phase.cycles;
        break;
      case Phase::Kind::kBeginInput:
        datapath_.begin_input(phase.input_tile);
        break;
      case Phase::Kind::kMultiply:
        multiply_all();
        break;
      case Phase::Kind::kRequantise:
        datapath_.requantise();
        break;
      case Phase::Kind::kReadPartialSums:
      case Phase::Kind::kReadInput:
      case Phase::Kind::kReadWeights:
      case Phase::Kind::kOccupyByWeights:
      case Phase::Kind::kWriteOutput:
        slot_ += act(phase, at) ? 1 : 0;
        ++at;
        phase_done = slot_ == phase.cycles;
        break;
    }
    if (phase_done && !next_phase()) {
      *done = true;
      return at;
    }
  }
  return at;
}

}  // namespace tilewright::simulator
