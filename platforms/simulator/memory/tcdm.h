// L1: the cluster's tightly-coupled data memory, word-interleaved over single-ported banks.
#ifndef PLATFORMS_SIMULATOR_MEMORY_TCDM_H_
#define PLATFORMS_SIMULATOR_MEMORY_TCDM_H_

#include <cstdint>
#include <vector>

#include "platforms/simulator/memory/round_robin_port.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Storage and arbitration. Cores access it inline, the DMA through claim_word, the accelerator
// through claim_wide, which takes eight neighbouring banks in one cycle.
class Tcdm {
 public:
  static constexpr int kMaximumBanks = 64;
  static constexpr int kWideBanks = 8;
  // The accelerator wins a conflict, but not more often than this in a row.
  static constexpr int kMaximumWideWins = 8;

  // `size` in bytes and `banks` are powers of two.
  Tcdm(Address base, std::uint32_t size, int banks)
      : base_(base), size_(size), bank_mask_(static_cast<std::uint32_t>(banks) - 1), bytes_(size) {}

  Address base() const { return base_; }
  std::uint32_t size() const { return size_; }
  std::uint8_t *data() { return bytes_.data(); }
  const std::uint8_t *data() const { return bytes_.data(); }

  // Whether all of the access lies in the memory.
  bool contains(Address address, std::uint32_t bytes) const {
    return address - base_ <= size_ - bytes;  // wraps around below the base
  }

  int bank(Address address) const { return static_cast<int>((address >> 2) & bank_mask_); }

  // One access to the bank of an address. False: to be repeated in the next cycle.
  bool claim_word(Address address, Requester requester, Cycle now) {
    const int b = bank(address);
    if (banks_[b].claim(requester, now)) [[likely]] {
      return true;
    }
    ++conflicts_[b];
    if (wide_cycle_ == now &&
        (static_cast<std::uint32_t>(b - wide_first_) & bank_mask_) < kWideBanks) {
      wide_contended_ = true;  // lost to the accelerator, not to another word's access
    }
    return false;
  }

  // One access of the accelerator to eight neighbouring banks, at the beginning of a cycle.
  // False: to be repeated in the next cycle, others have waited long enough.
  bool claim_wide(Address address, Cycle now) {
    // Somebody lost to the previous access, or waits for one of the banks already.
    const bool contended_before = wide_contended_ && wide_cycle_ + 1 == now;
    wide_wins_ = contended_before ? wide_wins_ + 1 : 0;
    wide_contended_ = false;
    if (wide_wins_ >= kMaximumWideWins) {
      wide_wins_ = 0;
      ++wide_stalls_;
      return false;
    }
    wide_cycle_ = now;
    wide_first_ = bank(address);
    for (int i = 0; i < kWideBanks; ++i) {
      wide_contended_ |= banks_[(wide_first_ + i) & static_cast<int>(bank_mask_)].preempt(now);
    }
    return true;
  }

  // Forgets that a requester waits for a bank.
  void withdraw(Requester requester) {
    for (RoundRobinPort &bank : banks_) {
      bank.withdraw(requester);
    }
  }

  int banks() const { return static_cast<int>(bank_mask_) + 1; }
  // Requests that were refused by a bank.
  std::uint64_t conflicts(int bank) const { return conflicts_[bank]; }
  // Cycles in which the accelerator stood back.
  std::uint64_t wide_stalls() const { return wide_stalls_; }

 private:
  Address base_;
  std::uint32_t size_;
  std::uint32_t bank_mask_;
  RoundRobinPort banks_[kMaximumBanks];
  std::uint64_t conflicts_[kMaximumBanks] = {};
  Cycle wide_cycle_ = kNever;
  int wide_first_ = 0;  // its first bank
  bool wide_contended_ = false;
  int wide_wins_ = 0;
  std::uint64_t wide_stalls_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_MEMORY_TCDM_H_
