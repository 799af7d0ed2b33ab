#include "platforms/simulator/neureka/neureka.h"

#include <cassert>
#include <cstdio>
#include <optional>
#include <string>

#include "platforms/simulator/neureka/datapath.h"
#include "platforms/simulator/neureka/job.h"
#include "platforms/simulator/neureka/phases.h"
#include "platforms/simulator/soc/fault.h"

namespace tilewright::simulator {
namespace {

constexpr std::uint32_t kTrigger = 0x00;
constexpr std::uint32_t kAcquire = 0x04;
constexpr std::uint32_t kStatus = 0x0c;
constexpr std::uint32_t kRunningJob = 0x10;
constexpr std::uint32_t kSoftClear = 0x14;
constexpr std::uint32_t kFirstJobRegister = 0x20;
constexpr std::uint32_t kEndOfRegisters = kFirstJobRegister + 4 * kJobRegisters;

constexpr int kContexts = 2;
constexpr std::uint32_t kAllInUse = static_cast<std::uint32_t>(-1);
constexpr std::uint32_t kBeingConfigured = static_cast<std::uint32_t>(-2);
constexpr unsigned kJobNumbers = 256;

// From the trigger, or the end of the job before, to the first phase.
constexpr Cycle kStart = 1;
// How far a call of step goes at most, so that the scheduler's limit and requests to stop are
// noticed.
constexpr Cycle kMaximumStep = 4096;
// Accesses of an output pixel: of 8 values each.
constexpr int kGroups32 = 4;

bool is_job_register(std::uint32_t offset) {
  return offset >= kFirstJobRegister && offset < kEndOfRegisters && offset % 4 == 0;
}

}  // namespace

class Neureka::Implementation {
 public:
  Implementation(const NeurekaDescription &description, const NeurekaConnections &connections)
      : description_(description),
        connections_(connections),
        end_(description.wake - kStart - connections.event_wake),
        datapath_(connections.tcdm, connections.weight_memory) {
    assert(description.contexts == kContexts);
    assert(description.pixels <= Datapath::kMaximumPixels);
    assert(description.wake > kStart + connections.event_wake);
  }

  void set_agent(AgentIndex agent) { agent_ = agent; }
  std::uint32_t load(CoreIndex core, std::uint32_t offset);
  void store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now);
  Cycle step(Cycle now, Cycle horizon);
  bool busy() const { return running_; }
  NeurekaStatistics statistics() const;

 private:
  struct Context {
    JobRegisters registers{};
    bool in_use = false;  // acquired, waiting or running
    std::uint32_t number = 0;
    // Of a triggered one:
    Job job{};
    CoreIndex core = -1;
    Cycle triggered = 0;
  };

  std::uint32_t acquire();
  void trigger(CoreIndex core, std::uint32_t value, Cycle now);
  void soft_clear(std::uint32_t value);
  void start(Cycle at);
  void finish(Cycle now);
  bool next_phase();
  void begin_phase();
  // One cycle of a phase that accesses memory. False: refused, the same again.
  bool act(Cycle now);
  bool claim(Address address, Cycle now);
  [[noreturn]] void fault(CoreIndex core, std::uint32_t offset, const std::string &detail) const;

  NeurekaDescription description_;
  NeurekaConnections connections_;
  Cycle end_;  // from the last phase to the event
  AgentIndex agent_ = -1;
  Datapath datapath_;
  NeurekaStatistics statistics_;

  std::array<Context, kContexts> contexts_;
  int configured_ = 0;      // index of the context that is or will be acquired
  bool acquired_ = false;   // and not triggered yet
  int executed_ = 0;        // index of the context that runs, or runs next
  int triggered_jobs_ = 0;  // waiting or running
  std::uint32_t next_number_ = 0;
  std::uint32_t running_number_ = 0;

  // The running job.
  bool running_ = false;
  bool ending_ = false;  // all phases are done
  Cycle started_ = 0;
  std::optional<PhaseSequence> sequence_;
  std::size_t phase_ = 0;
  Cycle slot_ = 0;  // cycles of the phase that are done
  int row_ = 0;     // of the pixel that the next access is for
  int column_ = 0;
  int group_ = 0;  // of 8 channels
};

void Neureka::Implementation::fault(CoreIndex core, std::uint32_t offset,
                                    const std::string &detail) const {
  throw Fault{FaultKind::kDevice, core, offset, detail};
}

std::uint32_t Neureka::Implementation::acquire() {
  if (acquired_) {
    return kBeingConfigured;
  }
  if (triggered_jobs_ == kContexts) {
    return kAllInUse;
  }
  acquired_ = true;
  Context &context = contexts_[configured_];
  context.in_use = true;
  context.number = next_number_;
  next_number_ = (next_number_ + 1) % kJobNumbers;
  return context.number;
}

void Neureka::Implementation::trigger(CoreIndex core, std::uint32_t value, Cycle now) {
  if (!acquired_) {
    fault(core, kTrigger, "triggers the accelerator without having acquired a job");
  }
  if (value != 0) {
    fault(core, kTrigger,
          "stores " + std::to_string(value) +
              " to the accelerator's trigger register; only 0, which starts the job, is supported");
  }
  Context &context = contexts_[configured_];
  const JobMemories memories{connections_.tcdm->base(), connections_.tcdm->size(),
                             connections_.weight_memory_size};
  context.job = decode_job(context.registers, description_, memories, core);
  context.core = core;
  context.triggered = now;
  acquired_ = false;
  configured_ = (configured_ + 1) % kContexts;
  ++triggered_jobs_;
  if (!running_) {
    start(now + kStart);
    connections_.scheduler->wake(agent_, started_);
  }
}

void Neureka::Implementation::soft_clear(std::uint32_t value) {
  if (running_) {
    connections_.scheduler->sleep(agent_);
    running_ = false;
  }
  for (Context &context : contexts_) {
    context.in_use = false;
    if (value == 0) {
      context.registers.fill(0);
    }
  }
  acquired_ = false;
  configured_ = 0;
  executed_ = 0;
  triggered_jobs_ = 0;
  next_number_ = 0;
  running_number_ = 0;
}

std::uint32_t Neureka::Implementation::load(CoreIndex core, std::uint32_t offset) {
  switch (offset) {
    case kAcquire:
      return acquire();
    case kStatus:
      return (contexts_[0].in_use ? 0x001u : 0u) | (contexts_[1].in_use ? 0x100u : 0u);
    case kRunningJob:
      return running_number_;
    default:
      break;
  }
  if (is_job_register(offset)) {
    return contexts_[configured_].registers[(offset - kFirstJobRegister) / 4];
  }
  char text[160];
  std::snprintf(text, sizeof text,
                "loads the accelerator's register 0x%02x; 0x04 (acquire), 0x0c (status), 0x10 "
                "(running job) and 0x20 to 0x7c (job) can be loaded",
                offset);
  fault(core, offset, text);
}

void Neureka::Implementation::store(CoreIndex core, std::uint32_t offset, std::uint32_t value,
                                    Cycle now) {
  if (offset == kTrigger) {
    trigger(core, value, now);
  } else if (offset == kSoftClear) {
    soft_clear(value);
  } else if (is_job_register(offset)) {
    if (!acquired_) {
      fault(core, offset,
            "stores to a job register of the accelerator without having acquired a job");
    }
    contexts_[configured_].registers[(offset - kFirstJobRegister) / 4] = value;
  } else {
    char text[160];
    std::snprintf(text, sizeof text,
                  "stores to the accelerator's register 0x%02x; 0x00 (trigger), 0x14 (soft clear) "
                  "and 0x20 to 0x7c (job) can be stored to",
                  offset);
    fault(core, offset, text);
  }
}

void Neureka::Implementation::start(Cycle at) {
  const Context &context = contexts_[executed_];
  running_ = true;
  ending_ = false;
  started_ = at;
  running_number_ = context.number;
  datapath_.begin_job(&context.job, context.core);
  sequence_.emplace(&context.job);
  sequence_->next_tile();
  datapath_.begin_tile(sequence_->tile());
  phase_ = 0;
  begin_phase();
}

void Neureka::Implementation::finish(Cycle now) {
  Context &context = contexts_[executed_];
  context.in_use = false;
  running_ = false;
  executed_ = (executed_ + 1) % kContexts;
  --triggered_jobs_;
  ++statistics_.jobs;
  statistics_.busy_cycles += now - started_;
  if (connections_.observer != nullptr) {
    connections_.observer->accelerator_job(context.job.description(), context.triggered, started_,
                                           now);
  }
  connections_.events->raise(context.core, kEventAccelerator, now);
}

bool Neureka::Implementation::next_phase() {
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

void Neureka::Implementation::begin_phase() {
  slot_ = 0;
  row_ = 0;
  column_ = 0;
  group_ = 0;
}

bool Neureka::Implementation::claim(Address address, Cycle now) {
  if (connections_.tcdm->claim_wide(address, now)) {
    return true;
  }
  ++statistics_.stall_cycles;
  return false;
}

bool Neureka::Implementation::act(Cycle now) {
  const Phase &phase = sequence_->phases()[phase_];
  const Tile &tile = sequence_->tile();
  const Job &job = contexts_[executed_].job;
  switch (phase.kind) {
    case Phase::Kind::kReadInput: {
      if (datapath_.reads_pixel(row_, column_)) {
        if (!claim(datapath_.pixel_address(row_, column_), now)) {
          return false;
        }
        ++statistics_.input_accesses;
        datapath_.read_pixel(row_, column_);
      }
      if (++column_ == tile.input_width(job)) {
        column_ = 0;
        ++row_;
      }
      if (slot_ + 1 == phase.cycles) {
        datapath_.end_input();
      }
      return true;
    }
    case Phase::Kind::kReadWeights: {
      const auto access = static_cast<int>(slot_);
      if (!claim(weight_address(job, tile, phase.input_tile, access), now)) {
        return false;
      }
      ++statistics_.weight_accesses_l1;
      const int planes = job.weight_planes();
      if (access % planes == planes - 1) {
        datapath_.multiply(access / planes);
      }
      return true;
    }
    case Phase::Kind::kOccupyByWeights:
      return claim(weight_address(job, phase.tile, phase.input_tile,
                                  phase.first_access + static_cast<int>(slot_)),
                   now);
    case Phase::Kind::kReadPartialSums: {
      if (!claim(datapath_.output_address(row_, column_, group_), now)) {
        return false;
      }
      ++statistics_.partial_sum_accesses;
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
    case Phase::Kind::kWriteOutput: {
      // All six columns have their turn, whether the tile is as wide or not.
      if (column_ < tile.width && group_ * Datapath::kAccessChannels < tile.channels) {
        if (!claim(datapath_.output_address(row_, column_, group_), now)) {
          return false;
        }
        ++statistics_.output_accesses;
        datapath_.write_output(row_, column_, group_);
      }
      if (job.output_bits == 8 || ++group_ == kGroups32) {
        group_ = 0;
        if (++column_ == job.spatial_tile) {
          column_ = 0;
          ++row_;
        }
      }
      return true;
    }
    case Phase::Kind::kWait:
    case Phase::Kind::kBeginInput:
    case Phase::Kind::kMultiply:
    case Phase::Kind::kRequantise:
      break;
  }
  assert(false && "the phase has no accesses");
  return true;
}

Cycle Neureka::Implementation::step(Cycle now, Cycle horizon) {
  if (!running_) {
    return kNever;
  }
  Cycle at = now;
  const Cycle end = now + kMaximumStep;
  while (at == now || (at < horizon && at < end)) {
    if (ending_) {
      finish(at);
      if (triggered_jobs_ == 0) {
        return kNever;
      }
      start(at + kStart);
      return started_;
    }
    const Phase &phase = sequence_->phases()[phase_];
    const Job &job = contexts_[executed_].job;
    bool done = true;
    switch (phase.kind) {
      case Phase::Kind::kWait:
        at += phase.cycles;
        break;
      case Phase::Kind::kBeginInput:
        datapath_.begin_input(phase.input_tile);
        break;
      case Phase::Kind::kMultiply: {
        const bool depthwise = job.mode == ConvolutionMode::kDepthwise;
        const int channels = sequence_->tile().channels;
        for (int channel = 0; channel < (depthwise ? 1 : channels); ++channel) {
          datapath_.multiply(channel);
        }
        const auto accesses =
            static_cast<std::uint64_t>((depthwise ? 1 : channels) * job.weight_planes());
        if (job.weights_in_weight_memory) {
          statistics_.weight_bytes_wmem += accesses * kAccessBytes;
        } else {
          statistics_.weight_accesses_l1 += accesses;
        }
        break;
      }
      case Phase::Kind::kRequantise:
        datapath_.requantise();
        break;
      case Phase::Kind::kReadInput:
      case Phase::Kind::kReadWeights:
      case Phase::Kind::kOccupyByWeights:
      case Phase::Kind::kReadPartialSums:
      case Phase::Kind::kWriteOutput:
        if (act(at)) {
          ++slot_;
        }
        ++at;
        done = slot_ == phase.cycles;
        break;
    }
    if (done && !next_phase()) {
      ending_ = true;
      at += end_;
    }
  }
  return at;
}

NeurekaStatistics Neureka::Implementation::statistics() const {
  NeurekaStatistics all = statistics_;
  all.multiply_accumulates = datapath_.multiply_accumulates();
  if (running_ && connections_.scheduler->now() > started_) {
    all.busy_cycles += connections_.scheduler->now() - started_;
  }
  return all;
}

Neureka::Neureka(const NeurekaDescription &description, const NeurekaConnections &connections)
    : implementation_(std::make_unique<Implementation>(description, connections)) {}

Neureka::~Neureka() = default;

void Neureka::set_agent(AgentIndex agent) { implementation_->set_agent(agent); }

std::uint32_t Neureka::load(CoreIndex core, std::uint32_t offset, Cycle /*now*/) {
  return implementation_->load(core, offset);
}

void Neureka::store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) {
  implementation_->store(core, offset, value, now);
}

Cycle Neureka::step(Cycle now, Cycle horizon) { return implementation_->step(now, horizon); }

bool Neureka::busy() const { return implementation_->busy(); }

NeurekaStatistics Neureka::statistics() const { return implementation_->statistics(); }

}  // namespace tilewright::simulator
