// A resource that serves one request per cycle: a memory bank, a floating-point unit, a bus.
#ifndef PLATFORMS_SIMULATOR_MEMORY_ROUND_ROBIN_PORT_H_
#define PLATFORMS_SIMULATOR_MEMORY_ROUND_ROBIN_PORT_H_

#include <cstdint>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Number of whoever asks a port: 0 to 31.
using Requester = int;

// Grants one request per cycle. Requesters that were refused in one cycle ask again in the next
// one, where they come before new ones and take turns among themselves: nobody waits longer than
// there are requesters.
class RoundRobinPort {
 public:
  // True: the request is granted. False: the requester MUST claim again at `now + 1`.
  bool claim(Requester requester, Cycle now) {
    if (claimed_ != now && waiting_ == 0) [[likely]] {
      claimed_ = now;
      last_ = requester;
      return true;
    }
    return claim_contended(requester, now);
  }

  // Takes the port for this cycle ahead of everybody who waits; not for two in one cycle.
  // Returns whether somebody waits for it.
  bool preempt(Cycle now) {
    claimed_ = now;
    return waiting_ != 0;
  }

  bool claimed(Cycle now) const { return claimed_ == now; }
  bool contended() const { return waiting_ != 0; }

  // Forgets a requester that was refused and will not ask again.
  void withdraw(Requester requester) { waiting_ &= ~(1u << requester); }

 private:
  bool claim_contended(Requester requester, Cycle now) {
    const std::uint32_t bit = 1u << requester;
    if (new_cycle_ != now) {
      new_cycle_ = now;
      new_ = 0;
    }
    if (claimed_ != now) {
      // Those refused in this very cycle have had their turn in it.
      const std::uint32_t eligible = waiting_ & ~new_;
      const std::uint32_t after_last = eligible & ~((2u << last_) - 1u);
      const std::uint32_t candidates = after_last != 0 ? after_last : eligible;
      if (candidates == 0 || requester == __builtin_ctz(candidates)) {
        claimed_ = now;
        last_ = requester;
        waiting_ &= ~bit;
        return true;
      }
    }
    new_ |= ~waiting_ & bit;
    waiting_ |= bit;
    return false;
  }

  Cycle claimed_ = kNever;     // cycle of the last grant
  std::uint32_t waiting_ = 0;  // requesters that were refused in this or the last cycle
  std::uint32_t new_ = 0;      // those of them that did not wait before cycle `new_cycle_`
  Cycle new_cycle_ = kNever;
  Requester last_ = 31;  // who was granted last
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_MEMORY_ROUND_ROBIN_PORT_H_
