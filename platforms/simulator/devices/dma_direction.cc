// The part of the DMA that moves bytes.
#include <algorithm>
#include <cstring>

#include "platforms/simulator/devices/dma.h"

namespace tilewright::simulator {
namespace {

// Two ports of each direction; behind the cores, whose numbers are theirs.
constexpr Requester kFirstRequester = kMaximumCores;
constexpr int kPortsPerDirection = 2;

}  // namespace

DmaDirection::DmaDirection(bool to_l1, const DmaDescription &description,
                           const DmaConnections &connections, Dma *dma)
    : to_l1_(to_l1), description_(description), connections_(connections), dma_(dma) {}

void DmaDirection::push(const DmaTransfer &transfer, Cycle now) {
  queue_.push_back(transfer);
  if (queue_.size() == 1 && !finishing_) {
    connections_.scheduler->wake(agent_, begin(now));
  }
}

Cycle DmaDirection::begin(Cycle now) {
  DmaTransfer &transfer = queue_.front();
  transfer.started = now;
  const DmaTransfer::Duration duration = transfer.duration(description_);
  beats_ = duration.beats;
  pauses_ = duration.pauses;
  pause_account_ = 0;
  offset_ = 0;
  begin_beat();
  return now + description_.start + description_.l2_latency;
}

void DmaDirection::begin_beat() {
  const DmaTransfer &transfer = queue_.front();
  end_ = transfer.beat_end(offset_, description_.bytes_per_cycle);
  const std::uint32_t words = ((transfer.l1 + end_ - 1) >> 2) - ((transfer.l1 + offset_) >> 2) + 1;
  missing_words_ = (1u << words) - 1;
  missing_external_ = true;
}

bool DmaDirection::claim(Cycle now) {
  const DmaTransfer &transfer = queue_.front();
  const Requester first = kFirstRequester + (to_l1_ ? 0 : kPortsPerDirection);
  if (missing_external_) {
    RoundRobinPort &port = to_l1_ ? transfer.memory->read_port() : transfer.memory->write_port();
    missing_external_ = !port.claim(first, now);
    external_conflicts_ += missing_external_ ? 1 : 0;
  }
  for (int i = 0; missing_words_ >> i != 0; ++i) {
    const std::uint32_t bit = 1u << i;
    if ((missing_words_ & bit) != 0) {
      const Address word = ((transfer.l1 + offset_) & ~3u) + 4u * static_cast<Address>(i);
      if (connections_.tcdm->claim_word(word, first + i % kPortsPerDirection, now)) {
        missing_words_ &= ~bit;
      } else {
        ++bank_conflicts_;
      }
    }
  }
  return missing_words_ == 0 && !missing_external_;
}

void DmaDirection::move() {
  const DmaTransfer &transfer = queue_.front();
  for (std::uint32_t offset = offset_; offset < end_;) {
    // A beat may gather the end of one line and the beginning of the next.
    std::uint32_t end = end_;
    if (transfer.two_dimensional) {
      end = std::min(end, offset - offset % transfer.line + transfer.line);
    }
    std::uint8_t *l1 =
        connections_.tcdm->data() + (transfer.l1 + offset - connections_.tcdm->base());
    std::uint8_t *external = transfer.memory->at(transfer.external_at(offset));
    std::memcpy(to_l1_ ? l1 : external, to_l1_ ? external : l1, end - offset);
    offset = end;
  }
  const std::uint32_t moved = end_ - offset_;
  (to_l1_ ? transfer.memory->bytes_read : transfer.memory->bytes_written) += moved;
}

Cycle DmaDirection::step(Cycle now, Cycle horizon) {
  if (done_at_ == now) {
    const DmaTransfer transfer = queue_.front();
    queue_.pop_front();
    done_at_ = kNever;
    finishing_ = true;
    Cycle next = queue_.empty() ? kNever : begin(now);
    dma_->finish(transfer, now);
    if (next == kNever && !queue_.empty()) {
      next = begin(now);  // a core's queue had one more
    }
    finishing_ = false;
    return next;
  }
  Cycle at = now;
  for (;;) {
    if (!claim(at)) {
      ++at;
    } else {
      move();
      pause_account_ += pauses_;
      at += 1 + pause_account_ / beats_;
      pause_account_ %= beats_;
      offset_ = end_;
      if (offset_ == queue_.front().bytes) {
        done_at_ = at;
        return at;
      }
      begin_beat();
    }
    if (at >= horizon) {
      return at;
    }
  }
}

}  // namespace tilewright::simulator
