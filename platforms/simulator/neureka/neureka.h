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
  std::uint64_t multiply_accumulates = 0;  // useful ones: no padding of channels
  std::uint64_t input_accesses = 0;        // of its wide port to L1
  std::uint64_t weight_accesses_l1 = 0;
  std::uint64_t weight_bytes_wmem = 0;
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
};

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
