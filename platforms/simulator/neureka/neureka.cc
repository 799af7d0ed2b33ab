#include "platforms/simulator/neureka/neureka.h"

#include <array>
#include <cassert>
#include <cstdio>
#include <string>

#include "platforms/simulator/neureka/execution.h"
#include "platforms/simulator/neureka/job.h"
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
        execution_(connections.tcdm, connections.weight_memory, &statistics_) {
    assert(description.contexts == kContexts);
    assert(description.pixels <= Datapath::kMaximumPixels);
    assert(description.wake > kStart + connections.event_wake);
  }

  void set_agent(AgentIndex agent) { agent_ = agent; }
  std::uint32_t load(CoreIndex core, std::uint32_t offset, Cycle now);
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
    Cycle acquired = 0;
    Cycle configured = 0;
    Cycle triggered = 0;
  };

  std::uint32_t acquire(Cycle now);
  void trigger(CoreIndex core, std::uint32_t value, Cycle now);
  void soft_clear(std::uint32_t value);
  void start(Cycle at);
  void finish(Cycle now);
  void report(const Context &context, Cycle now) const;
  [[noreturn]] void fault(CoreIndex core, std::uint32_t offset, const std::string &detail) const;

  NeurekaDescription description_;
  NeurekaConnections connections_;
  Cycle end_;  // from the last phase to the event
  AgentIndex agent_ = -1;
  NeurekaStatistics statistics_;
  JobExecution execution_;

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
  NeurekaStatistics before_;  // when it started
};

void Neureka::Implementation::fault(CoreIndex core, std::uint32_t offset,
                                    const std::string &detail) const {
  throw Fault{FaultKind::kDevice, core, offset, detail};
}

std::uint32_t Neureka::Implementation::acquire(Cycle now) {
  if (acquired_) {
    return kBeingConfigured;
  }
  if (triggered_jobs_ == kContexts) {
    return kAllInUse;
  }
  acquired_ = true;
  Context &context = contexts_[configured_];
  context.in_use = true;
  context.acquired = context.configured = now;
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

std::uint32_t Neureka::Implementation::load(CoreIndex core, std::uint32_t offset, Cycle now) {
  switch (offset) {
    case kAcquire:
      return acquire(now);
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
    Context &context = contexts_[configured_];
    context.registers[(offset - kFirstJobRegister) / 4] = value;
    context.configured = now;
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
  before_ = statistics_;
  running_number_ = context.number;
  execution_.begin(&context.job, context.core);
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
    report(context, now);
  }
  connections_.events->raise(context.core, kEventAccelerator, now);
}

void Neureka::Implementation::report(const Context &context, Cycle now) const {
  const auto since = [&](std::uint64_t NeurekaStatistics::*value) {
    return statistics_.*value - before_.*value;
  };
  connections_.observer->accelerator_job({
      context.job.description(),
      context.core,
      context.acquired,
      context.configured,
      context.triggered,
      started_,
      now,
      since(&NeurekaStatistics::stall_cycles),
      since(&NeurekaStatistics::weight_stall_cycles),
      since(&NeurekaStatistics::multiply_accumulates),
      since(&NeurekaStatistics::weight_accesses_l1) * kAccessBytes +
          since(&NeurekaStatistics::weight_bytes_wmem),
      context.job.weights_in_weight_memory,
  });
}

Cycle Neureka::Implementation::step(Cycle now, Cycle horizon) {
  if (!running_) {
    return kNever;
  }
  if (!ending_) {
    const Cycle limit = horizon < now + kMaximumStep ? horizon : now + kMaximumStep;
    const Cycle next = execution_.run(now, limit, &ending_);
    return ending_ ? next + end_ : next;
  }
  finish(now);
  if (triggered_jobs_ == 0) {
    return kNever;
  }
  start(now + kStart);
  return started_;
}

NeurekaStatistics Neureka::Implementation::statistics() const {
  NeurekaStatistics all = statistics_;
  if (running_ && connections_.scheduler->now() > started_) {
    all.busy_cycles += connections_.scheduler->now() - started_;
  }
  return all;
}

Neureka::Neureka(const NeurekaDescription &description, const NeurekaConnections &connections)
    : implementation_(std::make_unique<Implementation>(description, connections)) {}

Neureka::~Neureka() = default;

void Neureka::set_agent(AgentIndex agent) { implementation_->set_agent(agent); }

std::uint32_t Neureka::load(CoreIndex core, std::uint32_t offset, Cycle now) {
  return implementation_->load(core, offset, now);
}

void Neureka::store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) {
  implementation_->store(core, offset, value, now);
}

Cycle Neureka::step(Cycle now, Cycle horizon) { return implementation_->step(now, horizon); }

bool Neureka::busy() const { return implementation_->busy(); }

NeurekaStatistics Neureka::statistics() const { return implementation_->statistics(); }

}  // namespace tilewright::simulator
