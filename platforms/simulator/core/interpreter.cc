// The interpreter's loop: dispatch, arrival at instructions, and the order of time.
//
// Execution jumps from the code of one instruction directly to that of the next by its number
// (the compilers' extension of labels as values): each instruction has its own indirect jump, which
// the host predicts by the instruction that came before. A switch in a loop shares one, and is
// slower by a third.
//
// Two things keep checks out of that path. Entries that need something before they are executed
// (a look into the instruction cache, the end of a hardware loop, a breakpoint) have a different
// `operation` when fallen into. And where every instruction is to be observed, or the core must
// return, dispatch goes through another table, which leads to `retire` only.

#include <cassert>
#include <cstring>

#include "platforms/simulator/core/bit_manipulation.h"
#include "platforms/simulator/core/core.h"
#include "platforms/simulator/core/decode.h"
#include "platforms/simulator/core/floating_point.h"
#include "platforms/simulator/core/simd.h"

// Labels as values.
#pragma GCC diagnostic ignored "-Wpedantic"

namespace tilewright::simulator {
namespace {

// How far ahead of time a core computes what is its own; bounds endless loops.
constexpr Cycle kRunAhead = 1000;

// Bytes of entries in a region per byte of code.
constexpr std::ptrdiff_t kEntryScale = sizeof(Instruction) / 2;

Instruction *moved(Instruction *entry, std::ptrdiff_t code_bytes) {
  return reinterpret_cast<Instruction *>(reinterpret_cast<char *>(entry) +
                                         code_bytes * kEntryScale);
}

// Whether an access touches two words.
constexpr bool crosses_word(Address address, unsigned size) { return (address & 3) + size > 4; }

}  // namespace

Cycle Core::step(Cycle now, Cycle horizon) { return run(now, horizon > now ? horizon : now + 1); }

// `limit`: what is shared may be touched before that cycle.
Cycle Core::run(Cycle now, Cycle limit) {
  static const void *const kExecute[] = {
      &&decode_fallen_into,
      &&enter_line,
      &&check_flags,
      &&illegal,
      &&execute_kJump,
      &&execute_kJalOutside,
      &&execute_kBranchOutside,
      &&execute_kRegionBegins,
      &&execute_kRegionEnds,
#define OPERATION(name, mnemonic, mask, match, format) &&execute_k##name,
#define SIMD(name, mnemonic, funct6, immediate_format, format)                       \
  &&execute_kSimd##name##H, &&execute_kSimd##name##ScH, &&execute_kSimd##name##SciH, \
      &&execute_kSimd##name##B, &&execute_kSimd##name##ScB, &&execute_kSimd##name##SciB,
#include "platforms/simulator/core/operations.inc"
#undef OPERATION
#undef SIMD
  };
  static_assert(sizeof kExecute / sizeof kExecute[0] == kOperations);
  static const void *const kRetire[] = {
      &&retire, &&retire, &&retire, &&retire, &&retire, &&retire, &&retire, &&retire, &&retire,
#define OPERATION(name, mnemonic, mask, match, format) &&retire,
#define SIMD(name, mnemonic, funct6, immediate_format, format) \
  &&retire, &&retire, &&retire, &&retire, &&retire, &&retire,
#include "platforms/simulator/core/operations.inc"
#undef OPERATION
#undef SIMD
  };
  static_assert(sizeof kRetire / sizeof kRetire[0] == kOperations);

  std::uint32_t *const x = registers_.x.data();
  std::uint32_t *const f = registers_.f.data();
  const bool observed = observed_;
  const void *const *next_table = observed ? kRetire : kExecute;
  const Cycle ahead = now + kRunAhead;
  if (registers_exposed_) [[unlikely]] {
    take_registers();
  }
  Instruction *ip = ip_;
  Cycle clock = clock_;
  assert(clock >= now);
  Address address;  // of an access

// State is kept in local variables; what may look at the core, or throw, wants it in the members.
#define SAVE()      \
  do {              \
    ip_ = ip;       \
    clock_ = clock; \
  } while (false)
#define FALL_THROUGH()               \
  do {                               \
    ip = moved(ip, ip->size);        \
    goto *next_table[ip->operation]; \
  } while (false)
#define NEXT()      \
  do {              \
    ++clock;        \
    FALL_THROUGH(); \
  } while (false)

  // Where it left off.
  if (arrival_ == Arrival::kExecuting && ip->effect != kNotDecoded) [[likely]] {
    goto *kExecute[ip->effect];
  }
  switch (arrival_) {
    case Arrival::kExecuting:
      code_->decode_entry(*region_, ip);
      goto *kExecute[ip->effect];
    case Arrival::kFallenThrough:
      if (ip->effect == kNotDecoded) [[unlikely]] {
        goto decode_fallen_into;
      }
      goto fallen_into;
    case Arrival::kJumped:
      goto jumped_to;
    case Arrival::kLineFetched:
      goto line_fetched;
  }

decode_fallen_into:
  SAVE();
  arrival_ = Arrival::kFallenThrough;
  if (address_of(ip) >= region_->end) {
    fault(FaultKind::kFetch, region_->end, "execution runs past the end of the code");
  }
  code_->decode_entry(*region_, ip);
fallen_into:
  if (ip->operation == ip->effect) {
    goto announce;
  }
  goto *kExecute[ip->operation];

check_flags:
  if ((ip->flags & kFlagLoopEnd) != 0) {
    for (HardwareLoop &loop : loops_) {
      if (loop.behind != ip || loop.count == 0) {
        continue;
      }
      --loop.count;
      if (loop.count == 0) {
        continue;
      }
      clock += static_cast<Cycle>(static_cast<std::int64_t>(loop.back_edge_stall));
      counters_.load_use_stalls +=
          static_cast<std::uint64_t>(static_cast<std::int64_t>(loop.back_edge_stall));
      account_run(ip);
      ip = loop.first;
      begin_run(ip);
      if (clock > ahead) [[unlikely]] {
        arrival_ = Arrival::kJumped;
        goto come_back;
      }
      goto jumped_to;
    }
  }
  if ((ip->flags & kFlagEntersLine) == 0) {
    goto line_entered;
  }
enter_line:
  address = address_of(ip) + ip->size - 1;
  if (cache_on_ && cache_.lookup(address)) [[likely]] {
    current_line_ = address & line_mask_;
  } else {
    SAVE();
    if (!fetch_line(address, limit)) {
      arrival_ = Arrival::kFallenThrough;
      return clock_;
    }
    clock = clock_;
  }
line_entered:
  if ((ip->flags & (kFlagBreakpoint | kFlagJumpRegisterHazard)) != 0) [[unlikely]] {
    if ((ip->flags & kFlagBreakpoint) != 0 && step_over_ != ip) {
      SAVE();
      arrival_ = Arrival::kFallenThrough;
      throw BreakpointHit{index_, address_of(ip)};
    }
    step_over_ = nullptr;
    if ((ip->flags & kFlagJumpRegisterHazard) != 0) {
      clock += timing_.jump_register_stall;
      counters_.jump_register_stalls += timing_.jump_register_stall;
    }
  }
  goto announce;

  // A taken branch or a jump leads to `ip`.
jumped:
  if (observed) [[unlikely]] {
    arrival_ = Arrival::kJumped;
    goto retire_arrived;
  }
  if (clock > ahead) [[unlikely]] {
    arrival_ = Arrival::kJumped;
    goto come_back;
  }
jumped_to:
  if (ip->effect == kNotDecoded) [[unlikely]] {
    SAVE();
    arrival_ = Arrival::kJumped;
    code_->decode_entry(*region_, ip);
  }
  address = address_of(ip);
  if ((address & line_mask_) != current_line_) {
    if (cache_on_ && cache_.lookup(address)) [[likely]] {
      current_line_ = address & line_mask_;
    } else {
      SAVE();
      if (!fetch_line(address, limit)) {
        arrival_ = Arrival::kJumped;
        return clock_;
      }
      clock = clock_;
    }
  }
line_fetched:
  if ((ip->flags & (kFlagStraddles | kFlagBreakpoint | kFlagMark)) != 0) [[unlikely]] {
    if ((ip->flags & kFlagStraddles) != 0) {
      SAVE();
      if (!fetch_line(address_of(ip) + ip->size - 1, limit)) {
        arrival_ = Arrival::kLineFetched;
        return clock_;
      }
      clock = clock_;
    }
    if ((ip->flags & kFlagBreakpoint) != 0 && step_over_ != ip) {
      SAVE();
      arrival_ = Arrival::kJumped;
      throw BreakpointHit{index_, address_of(ip)};
    }
    step_over_ = nullptr;
    if ((ip->flags & kFlagMark) != 0 && observer_ != nullptr) {
      observer_->mark_reached(index_, clock, address_of(ip), registers_);
    }
  }

announce:
  if (instruction_trace_ && !announced_ && observer_ != nullptr) [[unlikely]] {
    announced_ = true;
    observer_->instruction(index_, clock, address_of(ip));
  }
  goto *kExecute[ip->effect];

#include "platforms/simulator/core/execute_base.inc"
#include "platforms/simulator/core/execute_core_v.inc"
#include "platforms/simulator/core/execute_float.inc"
#include "platforms/simulator/core/execute_memory.inc"

illegal:
  SAVE();
  illegal_instruction(*ip);

stack_fault:
  SAVE();
  arrival_ = Arrival::kExecuting;
  fault(FaultKind::kStackOverflow, address, "access to the guard below the stack");

  // The instruction before `ip` is complete, and the core has to return.
retire:
  arrival_ = Arrival::kFallenThrough;
retire_arrived:
  SAVE();
  announced_ = false;
  if (single_step_ && stop_ != nullptr) {
    stop_(stop_context_);
  }
  return clock;

bank_conflict:
  ++counters_.bank_conflict_stalls;
  ++clock;
  // The instruction at `ip` goes on, or is tried again, at `clock`.
execute_later:
  arrival_ = Arrival::kExecuting;
come_back:
  SAVE();
  return clock;
#undef SAVE
#undef FALL_THROUGH
#undef NEXT
}

}  // namespace tilewright::simulator
