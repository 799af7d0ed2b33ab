// How a debugged machine goes on and stops: the rest of GdbServer.
#include <algorithm>
#include <cstdio>

#include "platforms/simulator/debug/fault_report.h"
#include "platforms/simulator/debug/gdb_server.h"

namespace tilewright::simulator {
namespace {

// Of faults; see gdb_server.h.
constexpr int kSignalIllegal = 4;
constexpr int kSignalAbort = 6;
constexpr int kSignalBus = 10;
constexpr int kSignalSegment = 11;
constexpr int kSignalCycles = 24;  // SIGXCPU

// How often the debugger may interrupt.
constexpr Cycle kSlice = 200'000;
constexpr std::size_t kConsoleBytes = 1024;  // per packet

int signal_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kIllegalInstruction:
      return kSignalIllegal;
    case FaultKind::kMisaligned:
    case FaultKind::kDevice:
      return kSignalBus;
    case FaultKind::kEnvironment:
      return kGdbTrap;
    case FaultKind::kDeadlock:
      return kSignalAbort;
    case FaultKind::kCycleLimit:
      return kSignalCycles;
    default:
      return kSignalSegment;
  }
}

}  // namespace

std::string GdbServer::resume(const Resume &resume) {
  resumed_ = resume.stepping;
  resumed_.insert(resume.continuing.begin(), resume.continuing.end());
  const bool all = resumed_ == all_cores_;
  if (all) {
    for (const Address address : established_) {
      if (breakpoints_.count(address) == 0) {
        machine_->code().clear_breakpoint(address);
      }
    }
    established_ = breakpoints_;
  }
  stepping_ = resume.stepping;
  stepped_ = kNoCore;
  arrived_ = kNoCore;
  changed_ = nullptr;
  for (Watch &watch : watches_) {
    machine_->bus().peek(watch.address, watch.content.data(),
                         static_cast<std::uint32_t>(watch.content.size()));
  }
  for (CoreIndex i = 0; i < machine_->cores(); ++i) {
    const bool stepping = stepping_.count(i) != 0;
    Core &core = machine_->core(i);
    const bool alone = !all && resumed_.count(i) != 0;
    core.set_single_step(stepping || alone || !watches_.empty(), after_instruction,
                         &contexts_[static_cast<std::size_t>(i)]);
    const auto reported = reported_.find(i);
    if (stepping || (reported != reported_.end() && reported->second == core.registers().pc)) {
      core.step_over_breakpoint();
    }
  }
  reported_.clear();
  return run();
}

void GdbServer::after_instruction(void *context) {
  const StepContext &step = *static_cast<const StepContext *>(context);
  GdbServer &server = *step.server;
  for (const Watch &watch : server.watches_) {
    if (server.changed_ == nullptr && server.watch_changed(watch)) {
      server.changed_ = &watch;
      server.changed_by_ = step.core;
    }
  }
  const bool stepping = server.stepping_.count(step.core) != 0;
  if (stepping && server.stepped_ == kNoCore) {
    server.stepped_ = step.core;
  }
  // Here rather than when it comes to execute the breakpoint: no cycle has passed for the others.
  if (server.resumed_ != server.all_cores_ && server.resumed_.count(step.core) != 0 &&
      server.breakpoints_.count(server.machine_->core(step.core).registers().pc) != 0) {
    server.arrived_ = step.core;
  }
  if (stepping || server.arrived_ != kNoCore || server.changed_ != nullptr) {
    server.machine_->scheduler().request_stop();
  }
}

bool GdbServer::watch_changed(const Watch &watch) const {
  std::string content(watch.content.size(), '\0');
  machine_->bus().peek(watch.address, content.data(), static_cast<std::uint32_t>(content.size()));
  return content != watch.content;
}

std::string GdbServer::run() {
  const std::string reply = run_on();
  release_held();
  return reply;
}

std::string GdbServer::run_on() {
  for (;;) {
    const Cycle now = machine_->scheduler().now();
    const Cycle until = limit_ - now > kSlice ? now + kSlice : limit_;
    try {
      switch (machine_->run(until)) {
        case StopReason::kExit:
          ended_ = true;
          end_ = End::kExit;
          std::fflush(stdout);
          return "W" + hex_byte(machine_->exit_code());
        case StopReason::kRequested:
          if (const BreakpointHit *hit = machine_->breakpoint_hit()) {
            if (!stops(*hit)) {
              break;
            }
            reported_[hit->core] = hit->address;
            return stop(kGdbTrap, hit->core, "swbreak:;");
          }
          if (arrived_ != kNoCore) {
            reported_[arrived_] = machine_->core(arrived_).registers().pc;
            return stop(kGdbTrap, arrived_, "swbreak:;");
          }
          if (changed_ != nullptr) {
            return stop(kGdbTrap, changed_by_, "watch:" + hex_number(changed_->address) + ";");
          }
          return stop(kGdbTrap, stepped_ == kNoCore ? current_ : stepped_);
        case StopReason::kCycleLimit:
          if (until == limit_) {
            say(report_fault({FaultKind::kCycleLimit, kNoCore, 0, ""}, machine_, *elf_));
            return stop(signal_of(FaultKind::kCycleLimit), current_);
          }
          break;
      }
    } catch (const Fault &fault) {
      if (fault.kind == FaultKind::kDeadlock && !held_.empty()) {
        // The core sleeps: that was its step. Those that are held can wake it.
        return stop(kGdbTrap, *resumed_.begin());
      }
      say(report_fault(fault, machine_, *elf_));
      return stop(signal_of(fault.kind), fault.core == kNoCore ? current_ : fault.core);
    }
    if (connection_->interrupted()) {
      return stop(kGdbInterrupt, current_);
    }
  }
}

bool GdbServer::stops(const BreakpointHit &hit) {
  if (resumed_.count(hit.core) != 0) {
    if (breakpoints_.count(hit.address) != 0) {
      return true;
    }
  } else if (established_.count(hit.address) != 0) {
    held_.emplace_back(machine_->scheduler().acting(), hit.core);
    machine_->scheduler().sleep(held_.back().first);
    return false;
  }
  machine_->core(hit.core).step_over_breakpoint();
  return false;
}

void GdbServer::release_held() {
  for (const auto &[agent, core] : held_) {
    const Cycle now = machine_->scheduler().now();
    machine_->core(core).hold_until(now);
    machine_->scheduler().wake(agent, std::max(machine_->core(core).clock(), now));
  }
  held_.clear();
}

std::string GdbServer::stop(int signal, CoreIndex core, const std::string &reason) {
  std::fflush(stdout);
  current_ = core;
  last_stop_ = "T" + hex_byte(signal) + reason +
               "thread:" + hex_number(static_cast<std::uint32_t>(core + 1)) + ";";
  return last_stop_;
}

void GdbServer::say(const std::string &text) {
  for (std::size_t at = 0; at < text.size(); at += kConsoleBytes) {
    const std::string part = text.substr(at, kConsoleBytes);
    connection_->send("O" + hex_encode(part.data(), part.size()));
  }
}

std::string GdbServer::core_state(CoreIndex core) {
  const Core &one = machine_->core(core);
  if (one.statistics(machine_->scheduler().now()).started == kNever) {
    return "not started";
  }
  return one.asleep() ? "asleep" : "running";
}

}  // namespace tilewright::simulator
