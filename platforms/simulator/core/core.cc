#include "platforms/simulator/core/core.h"

#include <algorithm>
#include <cstring>

#include "platforms/simulator/core/decode.h"

namespace tilewright::simulator {

Core::Core(CoreIndex index, std::uint32_t hart_id, const CoreDescription &description,
           const CacheDescription &cache, int cache_line, const CoreConnections &connections)
    : tcdm_(connections.tcdm),
      bus_(connections.bus),
      code_(connections.code),
      floating_point_unit_(connections.floating_point_unit),
      division_unit_(connections.division_unit),
      refill_(connections.refill),
      observer_(connections.observer),
      index_(index),
      hart_id_(hart_id),
      timing_(description),
      cache_(static_cast<int>(cache.size) / cache_line, cache.ways, cache_line),
      line_mask_(~static_cast<Address>(cache_line - 1)) {
  if (tcdm_ != nullptr) {
    l1_data_ = tcdm_->data();
    l1_base_ = tcdm_->base();
    l1_size_ = tcdm_->size();
  }
}

void Core::start(Address pc, Cycle at) {
  if (counters_.started == kNever) {
    counters_.started = at;
  } else {
    account_run(ip_);
    const Cycle stopped = asleep_ ? sleeps_since_ : clock_;
    counters_.sleep += at > stopped ? at - stopped : 0;
    if (tcdm_ != nullptr) {
      tcdm_->withdraw(index_);
    }
    if (floating_point_unit_ != nullptr) {
      floating_point_unit_->withdraw(index_);
    }
  }
  clock_ = std::max(clock_, at);
  asleep_ = false;
  announced_ = false;
  split_ = {};
  loops_[0].count = 0;
  loops_[1].count = 0;
  current_line_ = kNoLine;
  arrival_ = Arrival::kJumped;
  registers_.pc = pc;
  ip_ = nullptr;
  ip_ = enter(pc);
  begin_run(ip_);
  if (observer_ != nullptr) {
    observer_->core_started(index_, at);
  }
}

void Core::wake(std::uint32_t value, Cycle at) {
  registers_.x[wake_register_] = value;
  counters_.sleep += at > sleeps_since_ ? at - sleeps_since_ : 0;
  clock_ = std::max(at, sleeps_since_);
  asleep_ = false;
  if (observer_ != nullptr) {
    observer_->core_wakes(index_, clock_);
  }
  if (single_step_ && stop_ != nullptr) {
    stop_(stop_context_);
  }
}

void Core::set_run_ahead(bool on) {
  run_ahead_ = on;
  update_observed();
}

void Core::set_instruction_trace(bool on) {
  instruction_trace_ = on;
  update_observed();
}

void Core::hold_until(Cycle at) {
  if (at > clock_) {
    counters_.event_stalls += at - clock_;
    clock_ = at;
  }
}

void Core::set_single_step(bool on, StopRequest stop, void *context) {
  single_step_ = on;
  stop_ = stop;
  stop_context_ = context;
  update_observed();
}

void Core::update_observed() { observed_ = !run_ahead_ || instruction_trace_ || single_step_; }

void Core::step_over_breakpoint() {
  if (registers_exposed_) {
    take_registers();
  }
  step_over_ = ip_ != nullptr && (ip_->flags & kFlagBreakpoint) != 0 ? ip_ : nullptr;
}

void Core::set_stack_guard(Address begin, std::uint32_t size) {
  guard_begin_ = begin;
  guard_size_ = size;
}

void Core::set_instruction_cache(bool on) {
  cache_on_ = on;
  flush_instruction_cache();
}

void Core::flush_instruction_cache() {
  cache_.clear();
  current_line_ = kNoLine;
}

Registers &Core::registers() {
  if (ip_ != nullptr && !registers_exposed_) {
    registers_.pc = address_of(ip_);
  }
  registers_exposed_ = ip_ != nullptr;
  return registers_;
}

void Core::take_registers() {
  registers_exposed_ = false;
  registers_.x[0] = 0;
  if (registers_.pc != address_of(ip_)) {
    account_run(ip_);
    Instruction *const target = enter(registers_.pc);
    ip_ = target;
    begin_run(ip_);
    arrival_ = Arrival::kJumped;
    split_ = {};
  }
}

Instruction *Core::enter(Address address) {
  CodeRegion *const region = code_->find(address);
  if (region == nullptr || address % 2 != 0) {
    fault(FaultKind::kFetch, address, "there is no code at the target of the jump");
  }
  region_ = region;
  region_first_ = region->instructions.data();
  region_begin_ = region->begin;
  region_size_ = region->end - region->begin;
  return region_first_ + (address - region->begin) / 2;
}

bool Core::fetch_line(Address address, Cycle limit) {
  const Address line = address & line_mask_;
  if (line == current_line_) {
    return true;
  }
  if (!cache_on_ || !cache_.lookup(address)) {
    if (clock_ >= limit) {
      return false;
    }
    bool retry = false;
    const Cycle at = refill_->refill(index_, address, clock_, &retry);
    counters_.instruction_cache_stalls += at - clock_;
    clock_ = at;
    if (retry) {
      return false;
    }
    ++counters_.instruction_cache_misses;
    if (cache_on_) {
      cache_.insert(address);
    }
  }
  current_line_ = line;
  return true;
}

bool Core::access_outside(Address address, unsigned size, bool is_store, std::uint32_t value) {
  visible_ = false;
  if ((address & 3) + size <= 4) {
    split_.value = value;
    return access_piece(address, size, is_store, &split_.value);
  }
  // Parts that lie in one word; of a bus they have a size and alignment that it supports.
  const Address part = address + split_.bytes_done;
  const unsigned remaining = size - split_.bytes_done;
  unsigned part_size = std::min(4 - (part & 3), remaining);
  if (part - l1_base_ >= l1_size_ && part_size != 4) {
    part_size = part % 2 != 0 || part_size == 1 ? 1 : 2;
  }
  const unsigned shift = 8 * split_.bytes_done;
  std::uint32_t part_value = value >> shift;
  if (!access_piece(part, part_size, is_store, &part_value)) {
    return false;
  }
  if (split_.bytes_done == 0) {
    split_.value = 0;
  }
  split_.value |= part_value << shift;
  split_.bytes_done += part_size;
  if (split_.bytes_done < size) {
    ++counters_.misaligned_stalls;
    return false;  // the next part in the next cycle
  }
  split_.bytes_done = 0;
  return true;
}

bool Core::access_piece(Address address, unsigned size, bool is_store, std::uint32_t *value) {
  if (address - guard_begin_ < guard_size_) {
    split_ = {};
    fault(FaultKind::kStackOverflow, address, "access to the guard below the stack");
  }
  if (address - l1_base_ < l1_size_) {
    if (!tcdm_->claim_word(address, index_, clock_)) {
      ++counters_.bank_conflict_stalls;
      ++clock_;
      return false;
    }
    std::uint8_t *const bytes = l1_data_ + (address - l1_base_);
    if (is_store) {
      std::memcpy(bytes, value, size);
    } else {
      *value = 0;
      std::memcpy(value, bytes, size);
    }
    ++clock_;
    return true;
  }
  const Response response = is_store ? bus_->store(index_, address, size, *value, clock_)
                                     : bus_->load(index_, address, size, clock_);
  visible_ |= response.visible;
  const Cycle cycles = response.at - clock_;
  clock_ = response.at;
  if (response.kind != Response::Kind::kDone) {
    counters_.memory_stalls += cycles;
    return false;
  }
  counters_.memory_stalls += cycles - 1;
  *value = response.value;
  return true;
}

bool Core::event_load(Address address, unsigned rd) {
  const Response response = bus_->event_load(index_, address, clock_);
  visible_ = response.visible;
  switch (response.kind) {
    case Response::Kind::kDone:
      ++counters_.event_loads;
      counters_.event_stalls += response.at - clock_ - 1;
      clock_ = response.at;
      registers_.x[rd] = response.value;
      return true;
    case Response::Kind::kRetry:
      counters_.event_stalls += response.at - clock_;
      clock_ = response.at;
      return false;
    case Response::Kind::kSleep:
      break;
  }
  ++counters_.event_loads;
  asleep_ = true;
  announced_ = false;
  sleeps_since_ = clock_ + 1;
  wake_register_ = static_cast<std::uint8_t>(rd);
  ip_ += ip_->size / 2;
  arrival_ = Arrival::kFallenThrough;
  if (observer_ != nullptr) {
    observer_->core_sleeps(index_, sleeps_since_);
  }
  return false;
}

void Core::mark_region(const Instruction &instruction) {
  const CoreStatistics now = statistics(clock_);
  if (instruction.effect == kRegionEnds) {
    if (!regions_.end(clock_, now)) {
      fault(FaultKind::kEnvironment, address_of(ip_), "a region ends that has not begun");
    }
    if (observer_ != nullptr) {
      observer_->region_ends(index_, clock_);
    }
    return;
  }
  constexpr std::size_t kLongestName = 256;
  std::string name;
  char character = 0;
  Address address = registers_.x[instruction.rs1];
  while (name.size() < kLongestName && bus_->peek(address, &character, 1) && character != '\0') {
    name += character;
    ++address;
  }
  regions_.begin(name, clock_, now);
  if (observer_ != nullptr) {
    observer_->region_begins(index_, clock_, name);
  }
}

CoreStatistics Core::statistics(Cycle now) const {
  CoreStatistics all = counters_;
  if (all.started == kNever) {
    return all;
  }
  const Cycle awake_until = asleep_ ? sleeps_since_ : clock_;
  // Every taken branch and every jump loses the same time; every cycle that is in no other counter
  // issued an instruction; every instruction has 4 bytes or 2.
  all.branch_stalls =
      all.taken_branches * (timing_.branch_taken - 1) + all.jumps * (timing_.jump - 1);
  const Cycle stalls = all.load_use_stalls + all.jump_register_stalls + all.branch_stalls +
                       all.bank_conflict_stalls + all.misaligned_stalls + all.memory_stalls +
                       all.instruction_cache_stalls + all.multiply_divide_stalls +
                       all.floating_point_stalls + all.event_stalls;
  all.instructions = awake_until - all.started - all.sleep - stalls;
  const std::uint64_t bytes =
      bytes_executed_ + (ip_ != nullptr ? bytes_between(run_begin_, ip_) : 0);
  all.compressed = (4 * all.instructions - bytes) / 2;
  if (asleep_ && now > sleeps_since_) {
    all.sleep += now - sleeps_since_;
  }
  all.ended = asleep_ ? std::max(now, sleeps_since_) : clock_;
  return all;
}

void Core::fault(FaultKind kind, Address address, const std::string &detail) const {
  throw Fault{kind, index_, address, detail};
}

}  // namespace tilewright::simulator
