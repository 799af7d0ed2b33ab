#include "platforms/simulator/soc/machine.h"

#include <algorithm>
#include <optional>

#include "platforms/simulator/devices/cluster_control.h"
#include "platforms/simulator/devices/console.h"
#include "platforms/simulator/devices/core_control.h"
#include "platforms/simulator/devices/dma.h"
#include "platforms/simulator/devices/event_unit.h"
#include "platforms/simulator/devices/exit_register.h"
#include "platforms/simulator/devices/instruction_cache_control.h"
#include "platforms/simulator/devices/neureka_port.h"
#include "platforms/simulator/devices/timer.h"
#include "platforms/simulator/memory/external_memory.h"
#include "platforms/simulator/memory/instruction_cache.h"
#include "platforms/simulator/memory/system_bus.h"
#include "platforms/simulator/soc/core_name.h"
#include "platforms/simulator/soc/firmware_loader.h"
#include "platforms/simulator/soc/hexadecimal.h"
#include "platforms/simulator/soc/modelled_soc.h"
#include "platforms/simulator/soc/polling_detector.h"

namespace tilewright::simulator {
namespace {

// How long the scheduler runs before the main loop looks at the machine as a whole. The short one
// is for cores that seem to poll: a prime, so that it comes by every instruction of a loop in turn.
constexpr Cycle kRound = 16384;
constexpr Cycle kPollingRound = 1021;

}  // namespace

class Machine::Implementation : public CoreControl {
 public:
  Implementation(const SocDescription &description, const ElfFile &elf,
                 const MachineOptions &options);

  // CoreControl.
  void start(CoreIndex core, Address pc, Cycle at) override;
  void wake(CoreIndex core, std::uint32_t value, Cycle at) override;
  void set_instruction_caches(bool on) override;
  void flush_instruction_caches() override;

  StopReason run(Cycle limit);
  StopReason run_rounds(Cycle limit);
  Cycle cycles() const;
  MachineStatistics statistics() const;

  const SocDescription description_;
  const CoreNames names_;
  const ElfFile &elf_;
  Scheduler scheduler_;
  Tcdm tcdm_;
  ExternalMemory l2_;
  ExternalMemory weight_memory_;
  CodeImage code_;
  ClusterInstructionCache instruction_cache_;
  FabricControllerRefill fabric_controller_refill_;
  SystemBus bus_;
  EventUnit event_unit_;
  Dma dma_;
  Timer timer_;
  std::optional<Neureka> neureka_;
  Console console_;
  ExitRegister exit_;
  ClusterControl cluster_control_;
  InstructionCacheControl instruction_cache_control_;
  std::optional<NeurekaPort> neureka_port_;
  EventUnitDemuxPort event_unit_demux_port_;
  EventUnitPeripheralPort event_unit_peripheral_port_;
  DmaPort dma_demux_port_;
  DmaPort dma_peripheral_port_;
  std::vector<RoundRobinPort> floating_point_units_;  // the last one is the fabric controller's
  DivisionUnit cluster_division_unit_;
  DivisionUnit fabric_controller_division_unit_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::vector<AgentIndex> agents_;  // by CoreIndex
  std::vector<bool> started_;
  std::unique_ptr<BreakpointHit> breakpoint_hit_;

 private:
  void map_devices();
  void create_cores(const MachineOptions &options);
  void set_stack_guards();
  // The acting core comes back to the instruction that threw.
  void reschedule_after_exception();
  bool devices_at_work() const;
  std::vector<Core *> awake_cores() const;
  [[noreturn]] void deadlock(const std::string &summary) const;

  PollingDetector polling_detector_;
};

Machine::Implementation::Implementation(const SocDescription &description, const ElfFile &elf,
                                        const MachineOptions &options)
    : description_(modelled(description)),
      names_(description_),
      elf_(elf),
      tcdm_(description_.memory("l1").base, description_.memory("l1").size, description_.l1_banks),
      l2_(l2_memory(description_)),
      weight_memory_(weight_memory(description_)),
      code_(static_cast<std::uint32_t>(description_.instruction_cache.line),
            static_cast<unsigned>(description_.core.load_use_stall)),
      instruction_cache_(description_.instruction_cache, &l2_, description_.l2_bytes_per_cycle),
      fabric_controller_refill_(description_.instruction_cache, &l2_,
                                description_.l2_bytes_per_cycle),
      bus_(description_, options.allow_l1_alias, &tcdm_, &l2_, &weight_memory_, &code_),
      event_unit_(description_.event_unit, description_.cluster_cores(), names_, this,
                  options.observer),
      dma_(description_.dma, description_.cluster_cores(), names_,
           {&tcdm_, {&l2_, &weight_memory_}, &event_unit_, &scheduler_, options.observer}),
      timer_(&event_unit_, &scheduler_),
      exit_(&scheduler_),
      cluster_control_(description_.cluster_cores(), names_,
                       description_.devices.peripheral_latency, this),
      instruction_cache_control_(&instruction_cache_, this),
      event_unit_demux_port_(&event_unit_, description_.cluster_cores()),
      event_unit_peripheral_port_(&event_unit_, description_.cluster_cores()),
      dma_demux_port_(&dma_, true),
      dma_peripheral_port_(&dma_, false),
      floating_point_units_(static_cast<std::size_t>(description_.floating_point_units) + 1) {
  if (description_.neureka) {
    neureka_.emplace(*description_.neureka,
                     NeurekaConnections{&tcdm_, weight_memory_.at(weight_memory_.base()),
                                        weight_memory_.size(), &event_unit_, &scheduler_,
                                        options.observer, description_.event_unit.wait});
    neureka_port_.emplace(&*neureka_);
    // The first agent has precedence: the accelerator's wide port to L1.
    neureka_->set_agent(scheduler_.add(&*neureka_));
  }
  map_devices();
  create_cores(options);
  dma_.to_l1().set_agent(scheduler_.add(&dma_.to_l1()));
  dma_.from_l1().set_agent(scheduler_.add(&dma_.from_l1()));
  timer_.set_agent(scheduler_.add(&timer_));

  load_firmware(elf, &tcdm_, &l2_, &weight_memory_, &code_);
  set_stack_guards();
  start(description_.cluster_cores(), elf.entry(), 0);
}

// The address map. A device is one line here.
void Machine::Implementation::map_devices() {
  const DeviceDescription &d = description_.devices;
  const Cycle demux = d.demux_latency;
  const Cycle peripheral = d.peripheral_latency;
  const Cycle apb = d.apb_latency;
  bus_.add_device({"event unit", d.demux_event_unit, 0x400, demux, &event_unit_demux_port_});
  bus_.add_device({"DMA", d.demux_dma, 0x400, demux, &dma_demux_port_});
  bus_.add_device({"cluster control", d.cluster_control, 0x400, peripheral, &cluster_control_});
  bus_.add_device({"timer", d.cluster_timer, 0x400, peripheral, &timer_});
  bus_.add_device({"event unit (peripheral port)", d.event_unit, 0x800, peripheral,
                   &event_unit_peripheral_port_});
  if (neureka_port_) {
    bus_.add_device({"N-EUREKA", d.neureka, 0x400, peripheral, &*neureka_port_});
  }
  bus_.add_device({"instruction cache control", d.instruction_cache_control, 0x400, peripheral,
                   &instruction_cache_control_});
  bus_.add_device({"DMA (peripheral port)", d.dma, 0x400, peripheral, &dma_peripheral_port_});
  bus_.add_device({"exit register", d.exit, 4, apb, &exit_});
  bus_.add_device({"console", d.console, 0x1000, apb, &console_});
}

void Machine::Implementation::create_cores(const MachineOptions &options) {
  const int cluster_cores = description_.cluster_cores();
  const InstructionCacheDescription &caches = description_.instruction_cache;
  for (CoreIndex index = 0; index <= cluster_cores; ++index) {
    const bool fabric_controller = index == cluster_cores;
    const int unit = fabric_controller ? description_.floating_point_units
                                       : index % description_.floating_point_units;
    CoreConnections connections{};
    connections.code = &code_;
    connections.tcdm = fabric_controller ? nullptr : &tcdm_;
    connections.bus = &bus_;
    connections.refill = fabric_controller
                             ? static_cast<InstructionRefill *>(&fabric_controller_refill_)
                             : &instruction_cache_;
    connections.floating_point_unit = &floating_point_units_[static_cast<std::size_t>(unit)];
    connections.division_unit =
        fabric_controller ? &fabric_controller_division_unit_ : &cluster_division_unit_;
    connections.observer = options.observer;
    const int cluster =
        fabric_controller ? description_.fabric_controller_id : description_.cluster_id;
    const auto hart = static_cast<std::uint32_t>(cluster << 5 | (fabric_controller ? 0 : index));
    cores_.push_back(std::make_unique<Core>(
        index, hart, description_.core, fabric_controller ? caches.fabric_controller : caches.core,
        caches.line, connections));
    cores_.back()->set_run_ahead(options.run_ahead);
    cores_.back()->set_instruction_trace(options.instruction_trace);
    agents_.push_back(scheduler_.add(cores_.back().get()));
  }
  started_.resize(cores_.size(), false);
  set_instruction_caches(instruction_cache_.caching());
}

// Guards stand where the linker script says; firmware without these symbols has none.
void Machine::Implementation::set_stack_guards() {
  const Symbol *begin = elf_.find("tilewright_stack_guard_start");
  const Symbol *end = elf_.find("tilewright_stack_guard_end");
  if (begin != nullptr && end != nullptr && begin->address <= end->address) {
    bus_.set_stack_guard(begin->address, end->address);
  }
  const Symbol *stacks = elf_.find("tilewright_cluster_stacks");
  if (stacks != nullptr) {
    const StackDescription &stack = description_.cluster_stack;
    for (int core = 0; core < description_.cluster_cores(); ++core) {
      cores_[static_cast<std::size_t>(core)]->set_stack_guard(
          stacks->address + static_cast<Address>(core) * (stack.guard + stack.size), stack.guard);
    }
  }
}

void Machine::Implementation::start(CoreIndex core, Address pc, Cycle at) {
  started_[static_cast<std::size_t>(core)] = true;
  cores_[static_cast<std::size_t>(core)]->start(pc, at);
  scheduler_.wake(agents_[static_cast<std::size_t>(core)], at);
}

void Machine::Implementation::wake(CoreIndex core, std::uint32_t value, Cycle at) {
  cores_[static_cast<std::size_t>(core)]->wake(value, at);
  scheduler_.wake(agents_[static_cast<std::size_t>(core)], at);
}

void Machine::Implementation::set_instruction_caches(bool on) {
  for (int core = 0; core < description_.cluster_cores(); ++core) {
    cores_[static_cast<std::size_t>(core)]->set_instruction_cache(on);
  }
}

void Machine::Implementation::flush_instruction_caches() {
  for (int core = 0; core < description_.cluster_cores(); ++core) {
    cores_[static_cast<std::size_t>(core)]->flush_instruction_cache();
  }
}

StopReason Machine::Implementation::run(Cycle limit) {
  breakpoint_hit_.reset();
  polling_detector_.reset();
  bus_.take_device_activity();
  try {
    const StopReason reason = run_rounds(limit);
    console_.flush();
    return reason;
  } catch (const BreakpointHit &hit) {
    reschedule_after_exception();
    breakpoint_hit_ = std::make_unique<BreakpointHit>(hit);
    console_.flush();
    return StopReason::kRequested;
  } catch (Fault &fault) {
    const auto acting = std::find(agents_.begin(), agents_.end(), scheduler_.acting());
    if (fault.core == kNoCore && fault.kind != FaultKind::kDeadlock && acting != agents_.end()) {
      fault.core = static_cast<CoreIndex>(acting - agents_.begin());
    }
    if (fault.kind != FaultKind::kDeadlock) {
      reschedule_after_exception();
    }
    console_.flush();
    throw;
  }
}

void Machine::Implementation::reschedule_after_exception() {
  const auto acting = std::find(agents_.begin(), agents_.end(), scheduler_.acting());
  if (acting != agents_.end()) {
    const Core &core = *cores_[static_cast<std::size_t>(acting - agents_.begin())];
    scheduler_.wake(*acting, std::max(core.clock(), scheduler_.now()));
  }
}

StopReason Machine::Implementation::run_rounds(Cycle limit) {
  while (!exit_.exited()) {
    if (scheduler_.now() >= limit) {
      return StopReason::kCycleLimit;
    }
    const bool quiet = !devices_at_work();
    const Cycle round = polling_detector_.suspects() ? kPollingRound : kRound;
    const bool over = scheduler_.run_until(std::min(limit, scheduler_.now() + round));
    if (exit_.exited()) {
      break;
    }
    if (over) {
      deadlock("all cores sleep and nothing is under way that could wake one");
    }
    if (scheduler_.stop_requested()) {
      return StopReason::kRequested;
    }
    const bool disturbed = bus_.take_device_activity();
    if (quiet && !devices_at_work()) {
      if (polling_detector_.check(awake_cores(), disturbed, scheduler_.now())) {
        deadlock("cores poll for ever: what they wait for cannot happen any more");
      }
    } else {
      polling_detector_.reset();
    }
  }
  return StopReason::kExit;
}

bool Machine::Implementation::devices_at_work() const {
  return dma_.busy() || (neureka_ && neureka_->busy()) || timer_.pending();
}

std::vector<Core *> Machine::Implementation::awake_cores() const {
  std::vector<Core *> awake;
  for (const std::unique_ptr<Core> &core : cores_) {
    if (started_[static_cast<std::size_t>(core->index())] && !core->asleep()) {
      awake.push_back(core.get());
    }
  }
  return awake;
}

void Machine::Implementation::deadlock(const std::string &summary) const {
  std::string text = summary;
  std::uint32_t not_started = 0;
  for (const std::unique_ptr<Core> &core : cores_) {
    const CoreIndex index = core->index();
    if (!started_[static_cast<std::size_t>(index)]) {
      not_started |= 1u << index;
      continue;
    }
    const Address pc = core->registers().pc;
    const std::string symbol = elf_.describe(pc);
    text += "\n" + names_(index) + " at " + hexadecimal(pc, 8) +
            (symbol.empty() ? "" : " (" + symbol + ")") + " ";
    const std::string wait =
        index < description_.cluster_cores() ? event_unit_.describe_wait(index) : "";
    text += wait.empty() ? (core->asleep() ? "sleeps" : "polls") : wait;
  }
  if (not_started != 0) {
    text += "\nnever started: " + names_.of_mask(not_started);
  }
  throw Fault{FaultKind::kDeadlock, kNoCore, 0, text};
}

Cycle Machine::Implementation::cycles() const {
  return exit_.exited() ? exit_.at() : scheduler_.now();
}

MachineStatistics Machine::Implementation::statistics() const {
  MachineStatistics statistics;
  const Cycle now = cycles();
  statistics.cycles = now;
  std::uint64_t accesses = bus_.l1_accesses();
  for (const std::unique_ptr<Core> &core : cores_) {
    statistics.cores.push_back(core->statistics(now));
    if (core->index() < description_.cluster_cores()) {
      accesses += statistics.cores.back().loads + statistics.cores.back().stores;
    }
  }
  accesses -= std::min(accesses, bus_.cluster_accesses_elsewhere());
  for (int bank = 0; bank < tcdm_.banks(); ++bank) {
    statistics.bank_conflicts.push_back(tcdm_.conflicts(bank));
  }
  statistics.dma = dma_.statistics(now);
  statistics.accelerator = neureka_ ? neureka_->statistics() : NeurekaStatistics{};
  statistics.l1_accesses =
      accesses + (statistics.dma.bytes_to_l1 + statistics.dma.bytes_from_l1 + 3) / 4;
  statistics.l2_bytes_read = l2_.bytes_read;
  statistics.l2_bytes_written = l2_.bytes_written;
  statistics.weight_memory_bytes = weight_memory_.bytes_read + weight_memory_.bytes_written;
  return statistics;
}

Machine::Machine(const SocDescription &description, const ElfFile &elf,
                 const MachineOptions &options)
    : implementation_(std::make_unique<Implementation>(description, elf, options)) {}

Machine::~Machine() = default;

StopReason Machine::run(Cycle limit) { return implementation_->run(limit); }

const BreakpointHit *Machine::breakpoint_hit() const {
  return implementation_->breakpoint_hit_.get();
}

int Machine::exit_code() const { return implementation_->exit_.code(); }
Cycle Machine::cycles() const { return implementation_->cycles(); }
Scheduler &Machine::scheduler() { return implementation_->scheduler_; }
Bus &Machine::bus() { return implementation_->bus_; }
const SocDescription &Machine::description() const { return implementation_->description_; }
int Machine::cores() const { return static_cast<int>(implementation_->cores_.size()); }
Core &Machine::core(CoreIndex index) {
  return *implementation_->cores_[static_cast<std::size_t>(index)];
}
std::string Machine::core_name(CoreIndex index) const { return implementation_->names_(index); }
CodeImage &Machine::code() { return implementation_->code_; }
MachineStatistics Machine::statistics() const { return implementation_->statistics(); }

void Machine::set_console(ConsoleSink sink, void *context) {
  implementation_->console_.set_sink(sink, context);
}

}  // namespace tilewright::simulator
