// MCHAN: the cluster's DMA between L1 and L2 or weight memory.
#ifndef PLATFORMS_SIMULATOR_DEVICES_DMA_H_
#define PLATFORMS_SIMULATOR_DEVICES_DMA_H_

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/devices/dma_transfer.h"
#include "platforms/simulator/devices/interrupts.h"
#include "platforms/simulator/memory/external_memory.h"
#include "platforms/simulator/memory/tcdm.h"
#include "platforms/simulator/soc/core_name.h"
#include "platforms/simulator/soc/scheduler.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {

struct DmaStatistics {
  std::uint64_t transfers = 0;
  std::uint64_t bytes_to_l1 = 0;
  std::uint64_t bytes_from_l1 = 0;
  std::uint64_t busy_cycles = 0;  // at least one transfer queued or under way
  std::uint64_t bank_conflicts = 0;
  std::uint64_t l2_conflicts = 0;
};

// What it is connected to. Nothing is owned.
struct DmaConnections {
  Tcdm *tcdm;
  std::vector<ExternalMemory *> memories;
  EventSink *events;
  Scheduler *scheduler;
  Observer *observer;  // or null
};

class Dma;

// The transfers of one direction, one after the other. It moves eight bytes per cycle: two words of
// L1 through two ports to its banks, and one beat of the external memory's port. A beat that is
// refused by a bank or by that port is finished in a later cycle, and the ones behind it wait.
class DmaDirection : public Agent {
 public:
  DmaDirection(bool to_l1, const DmaDescription &description, const DmaConnections &connections,
               Dma *dma);
  void set_agent(AgentIndex agent) { agent_ = agent; }

  Cycle step(Cycle now, Cycle horizon) override;

  void push(const DmaTransfer &transfer, Cycle now);
  // The counter of the transfer that ends by cycle `now` but was not yet taken off; -1: none.
  int ending(Cycle now) const { return done_at_ <= now ? queue_.front().counter : -1; }

  std::uint64_t bank_conflicts() const { return bank_conflicts_; }
  std::uint64_t external_conflicts() const { return external_conflicts_; }

 private:
  Cycle begin(Cycle now);
  void begin_beat();
  // Claims what is still missing of the beat; whether it is complete.
  bool claim(Cycle now);
  void move();

  bool to_l1_;
  DmaDescription description_;
  DmaConnections connections_;
  Dma *dma_;
  AgentIndex agent_ = -1;
  std::deque<DmaTransfer> queue_;  // the first one is under way
  Cycle done_at_ = kNever;
  bool finishing_ = false;

  // The current beat.
  std::uint32_t offset_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t missing_words_ = 0;  // bit i: the beat's i-th word of L1
  bool missing_external_ = false;
  // Pauses are spread evenly between beats.
  std::uint32_t beats_ = 0;
  std::uint32_t pauses_ = 0;
  std::uint64_t pause_account_ = 0;

  std::uint64_t bank_conflicts_ = 0;
  std::uint64_t external_conflicts_ = 0;
};

// Queues, counters and registers.
//
// A command goes into the queue of the core that wrote it, and on to the global queue when that has
// room; the global queue holds transfers that wait or are under way. A core whose own queue is full
// stalls at its next command word, one that finds no free counter at its request.
class Dma {
 public:
  Dma(const DmaDescription &description, int cores, CoreNames names,
      const DmaConnections &connections);

  DmaDirection &to_l1() { return to_l1_; }
  DmaDirection &from_l1() { return from_l1_; }

  // Registers of a channel: one per core, and one for the peripheral bus.
  Response load(int channel, CoreIndex core, std::uint32_t offset, Cycle now);
  Response store(int channel, CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now);
  int peripheral_channel() const { return cores_; }

  // Called by a direction: its first transfer is done.
  void finish(const DmaTransfer &transfer, Cycle now);

  bool busy() const { return outstanding_ != 0; }
  DmaStatistics statistics(Cycle now) const;

 private:
  // A stall for longer than this is taken for a leak of counters.
  static constexpr Cycle kLongestAllocation = 1000000;

  struct Channel {
    std::vector<std::uint32_t> words;  // of the command that is being written
    CoreIndex issuer = kNoCore;
    int counter = -1;  // the one allocated last
    std::deque<DmaTransfer> queue;
    Cycle stalled_since = kNever;
  };

  Response allocate(Channel &channel, CoreIndex core, Cycle now);
  std::uint32_t status(Cycle now) const;
  void free(std::uint32_t mask, Cycle now);
  void complete_command(Channel &channel, CoreIndex core, Cycle now);
  void fill_global_queue(Cycle now);

  DmaDescription description_;
  int cores_;
  CoreNames names_;
  DmaConnections connections_;
  DmaDirection to_l1_;
  DmaDirection from_l1_;
  std::vector<Channel> channels_;
  int next_channel_ = 0;     // round robin into the global queue
  int in_global_queue_ = 0;  // under way included
  int outstanding_ = 0;
  std::uint32_t allocated_ = 0;
  std::array<int, 16> transfers_of_counter_{};
  std::array<CoreIndex, 16> owner_{};
  Cycle busy_since_ = 0;
  DmaStatistics statistics_;
};

// A channel's registers on the bus: the issuing core's own (demux), or the shared one.
class DmaPort : public Device {
 public:
  DmaPort(Dma *dma, bool demux) : dma_(dma), demux_(demux) {}
  Response load(CoreIndex core, std::uint32_t offset, Cycle now) override {
    return dma_->load(channel(core), core, offset, now);
  }
  Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) override {
    return dma_->store(channel(core), core, offset, value, now);
  }

 private:
  int channel(CoreIndex core) const {
    if (!demux_) {
      return dma_->peripheral_channel();
    }
    if (core >= dma_->peripheral_channel()) {
      fault(
          "the fabric controller has no DMA port of its own; it reaches the one on the "
          "peripheral bus");
    }
    return core;
  }

  Dma *dma_;
  bool demux_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_DMA_H_
