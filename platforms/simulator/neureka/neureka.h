// N-EUREKA: the accelerator's registers, job queue, timing and bit-true datapath.
#ifndef PLATFORMS_SIMULATOR_NEUREKA_NEUREKA_H_
#define PLATFORMS_SIMULATOR_NEUREKA_NEUREKA_H_

#include <cstdint>
#include <memory>

#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/devices/interrupts.h"
#include "platforms/simulator/memory/tcdm.h"
#include "platforms/simulator/soc/scheduler.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {

struct NeurekaStatistics {
  std::uint64_t jobs = 0;
  std::uint64_t busy_cycles = 0;
  std::uint64_t stall_cycles = 0;          // stood back in favour of cores and DMA
  std::uint64_t weight_stall_cycles = 0;   // of these, when it wanted weights
  std::uint64_t multiply_accumulates = 0;  // useful ones: no padding of channels
  std::uint64_t input_accesses = 0;        // of its wide port to L1
  std::uint64_t weight_accesses_l1 = 0;
  std::uint64_t weight_bytes_wmem = 0;
  std::uint64_t partial_sum_accesses = 0;
  std::uint64_t output_accesses = 0;
};

// What it is connected to. Nothing is owned.
struct NeurekaConnections {
  Tcdm *tcdm;
  const std::uint8_t *weight_memory;  // weight_memory_size bytes
  std::uint32_t weight_memory_size;
  EventSink *events;
  Scheduler *scheduler;
  Observer *observer;  // or null
  // Cycles from EventSink::raise until a core that sleeps in cv.elw goes on: the event unit's share
  // of NeurekaDescription::wake.
  Cycle event_wake;
};

// Registers, as offsets from the device's base:
//   0x00 trigger   store 0: the acquired context becomes a job, which starts when the one before it
//                  is done. Its end raises event 12 at the core that triggered it.
//   0x04 acquire   load: reserves a context and yields the job's number, modulo 256; -1 if both are
//                  in use, -2 if another acquired one has not been triggered yet
//   0x0c status    load: bit 0 and bit 8 are set while context 0 and 1 are in use
//   0x10 running   load: number of the running job, or of the last one
//   0x14 clear     store: drops all jobs without an event, resets the registers
//   0x20 to 0x7c   job registers of the acquired context; they keep their values from job to job
//
// The first agent of the scheduler. All of a job's configuration errors (MUST NOTs of the hardware
// reference, operands outside of L1 or weight memory, geometry that contradicts itself) are a Fault
// that lists them, thrown when the job is triggered.
class Neureka : public Agent {
 public:
  Neureka(const NeurekaDescription &description, const NeurekaConnections &connections);
  ~Neureka() override;

  // Its own index in the scheduler, told once.
  void set_agent(AgentIndex agent);

  // Register accesses at an offset from the device's base; `core` is for messages.
  std::uint32_t load(CoreIndex core, std::uint32_t offset, Cycle now);
  void store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now);

  Cycle step(Cycle now, Cycle horizon) override;

  bool busy() const;
  NeurekaStatistics statistics() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_NEUREKA_NEUREKA_H_
