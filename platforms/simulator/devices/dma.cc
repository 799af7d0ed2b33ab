#include "platforms/simulator/devices/dma.h"

namespace tilewright::simulator {
namespace {

constexpr std::uint32_t kCommand = 0;
constexpr std::uint32_t kStatus = 4;

constexpr std::size_t kWords1D = 3;
constexpr std::size_t kWords2D = 5;

[[noreturn]] void fault(const std::string &detail) {
  throw Fault{FaultKind::kDevice, kNoCore, 0, detail};
}

}  // namespace

Dma::Dma(const DmaDescription &description, int cores, CoreNames names,
         const DmaConnections &connections)
    : description_(description),
      cores_(cores),
      names_(names),
      connections_(connections),
      to_l1_(true, description, connections, this),
      from_l1_(false, description, connections, this),
      channels_(static_cast<std::size_t>(cores) + 1) {
  owner_.fill(kNoCore);
}

Response Dma::load(int number, CoreIndex core, std::uint32_t offset, Cycle now) {
  Channel &channel = channels_[static_cast<std::size_t>(number)];
  switch (offset) {
    case kCommand:
      return allocate(channel, core, now);
    case kStatus:
      return {Response::Kind::kDone, false, status(now), kLatencyOfBus};
    default:
      fault("the DMA has no register at offset " + hexadecimal(offset));
  }
}

Response Dma::store(int number, CoreIndex core, std::uint32_t offset, std::uint32_t value,
                    Cycle now) {
  Channel &channel = channels_[static_cast<std::size_t>(number)];
  if (offset == kStatus) {
    free(value, now);
    return {Response::Kind::kDone, false, 0, kLatencyOfBus};
  }
  if (offset != kCommand) {
    fault("the DMA has no register at offset " + hexadecimal(offset));
  }
  if (channel.queue.size() >= static_cast<std::size_t>(description_.core_queue)) {
    return {Response::Kind::kRetry, false, 0, now + 1};
  }
  if (channel.words.empty()) {
    channel.issuer = core;
  } else if (channel.issuer != core) {
    fault(names_(core) + " writes into the command that " + names_(channel.issuer) +
          " has begun on the shared DMA port");
  }
  channel.words.push_back(value);
  const std::size_t wanted =
      DmaTransfer::is_two_dimensional(channel.words[0]) ? kWords2D : kWords1D;
  if (channel.words.size() < wanted) {
    return {Response::Kind::kDone, false, 0, kLatencyOfBus};
  }
  complete_command(channel, core, now);
  return {Response::Kind::kDone, true, 0, kLatencyOfBus};
}

Response Dma::allocate(Channel &channel, CoreIndex core, Cycle now) {
  const std::uint32_t counters = (1u << description_.counters) - 1;
  const std::uint32_t available = counters & ~allocated_;
  if (available == 0) {
    if (channel.stalled_since == kNever) {
      channel.stalled_since = now;
    } else if (now - channel.stalled_since > kLongestAllocation) {
      std::string owners;
      for (int i = 0; i < description_.counters; ++i) {
        owners += (i == 0 ? "" : ", ") + names_(owner_[static_cast<std::size_t>(i)]);
      }
      fault(names_(core) + " has waited for a DMA counter since cycle " +
            std::to_string(channel.stalled_since) + ": all " +
            std::to_string(description_.counters) + " are allocated (by " + owners +
            "), and nobody frees one");
    }
    return {Response::Kind::kRetry, false, 0, now + 1};
  }
  channel.stalled_since = kNever;
  channel.counter = __builtin_ctz(available);
  allocated_ |= 1u << channel.counter;
  owner_[static_cast<std::size_t>(channel.counter)] = core;
  return {Response::Kind::kDone, false, static_cast<std::uint32_t>(channel.counter), kLatencyOfBus};
}

std::uint32_t Dma::status(Cycle now) const {
  std::uint32_t value = allocated_ << 16;
  for (int i = 0; i < description_.counters; ++i) {
    int transfers = transfers_of_counter_[static_cast<std::size_t>(i)];
    transfers -= to_l1_.ending(now) == i ? 1 : 0;
    transfers -= from_l1_.ending(now) == i ? 1 : 0;
    value |= transfers != 0 ? 1u << i : 0;
  }
  return value;
}

void Dma::free(std::uint32_t mask, Cycle now) {
  const std::uint32_t busy = status(now) & allocated_ & mask;
  if (busy != 0) {
    fault("DMA counters " + hexadecimal(busy) +
          " are freed while their transfers are under way: wait for their status bits first");
  }
  allocated_ &= ~mask;
}

void Dma::complete_command(Channel &channel, CoreIndex core, Cycle now) {
  DmaTransfer transfer = DmaTransfer::decode(channel.words);
  std::vector<std::string> problems =
      transfer.check(channel.words[0], *connections_.tcdm, connections_.memories);
  if (channel.counter < 0 || (allocated_ >> channel.counter & 1u) == 0) {
    problems.push_back("no counter is allocated: the command register was not read before");
  }
  if (!problems.empty()) {
    std::string text = names_(core) + " issues a DMA transfer (" +
                       (transfer.to_l1 ? "to L1" : "from L1") + ") that cannot be made: ";
    for (std::size_t i = 0; i < problems.size(); ++i) {
      text += (i == 0 ? "" : "; ") + problems[i];
    }
    fault(text);
  }
  transfer.issuer = core;
  transfer.counter = channel.counter;
  transfer.queued = now;
  channel.words.clear();
  channel.queue.push_back(transfer);
  ++transfers_of_counter_[static_cast<std::size_t>(transfer.counter)];
  if (outstanding_++ == 0) {
    busy_since_ = now;
  }
  fill_global_queue(now);
}

void Dma::fill_global_queue(Cycle now) {
  const int channels = cores_ + 1;
  for (int tried = 0; tried < channels && in_global_queue_ < description_.global_queue;) {
    Channel &channel = channels_[static_cast<std::size_t>(next_channel_)];
    next_channel_ = (next_channel_ + 1) % channels;
    if (channel.queue.empty()) {
      ++tried;
      continue;
    }
    tried = 0;
    const DmaTransfer transfer = channel.queue.front();
    channel.queue.pop_front();
    ++in_global_queue_;
    (transfer.to_l1 ? to_l1_ : from_l1_).push(transfer, now);
  }
}

void Dma::finish(const DmaTransfer &transfer, Cycle now) {
  --transfers_of_counter_[static_cast<std::size_t>(transfer.counter)];
  --in_global_queue_;
  ++statistics_.transfers;
  (transfer.to_l1 ? statistics_.bytes_to_l1 : statistics_.bytes_from_l1) += transfer.bytes;
  if (--outstanding_ == 0) {
    statistics_.busy_cycles += now - busy_since_;
  }
  if (connections_.observer != nullptr) {
    connections_.observer->dma_transfer(transfer.issuer, transfer.to_l1, transfer.bytes,
                                        transfer.queued, transfer.started, now);
  }
  for (int event : {kEventDma, kEventDmaInterrupt}) {
    if (!(event == kEventDma ? transfer.raise_event : transfer.raise_interrupt)) {
      continue;
    }
    if (transfer.broadcast) {
      connections_.events->raise_all(event, now);
    } else if (transfer.issuer < cores_) {
      connections_.events->raise(transfer.issuer, event, now);
    }
  }
  fill_global_queue(now);
}

DmaStatistics Dma::statistics(Cycle now) const {
  DmaStatistics statistics = statistics_;
  if (outstanding_ != 0 && now > busy_since_) {
    statistics.busy_cycles += now - busy_since_;
  }
  statistics.bank_conflicts = to_l1_.bank_conflicts() + from_l1_.bank_conflicts();
  statistics.l2_conflicts = to_l1_.external_conflicts() + from_l1_.external_conflicts();
  return statistics;
}

}  // namespace tilewright::simulator
