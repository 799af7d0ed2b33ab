// The facts of soc.yaml that the simulator uses; nothing of it is repeated in code.
#ifndef PLATFORMS_SIMULATOR_SOC_SOC_DESCRIPTION_H_
#define PLATFORMS_SIMULATOR_SOC_SOC_DESCRIPTION_H_

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

struct MemoryDescription {
  std::string name;
  Address base;
  std::uint32_t size;
};

// A stack and the guard below it, in bytes.
struct StackDescription {
  std::uint32_t size, guard;
};

// `core`: cycles of instructions.
struct CoreDescription {
  Cycle multiply_high, divide_by_zero, divide_positive_base, divide_negative_base;
  Cycle load_use_stall, branch_taken, jump, jump_register_stall, float_divide;
};

struct CacheDescription {
  std::uint32_t size;
  int ways;
};

struct InstructionCacheDescription {
  int line;                 // bytes
  CacheDescription core;    // of each cluster core
  CacheDescription shared;  // of the cluster
  Cycle shared_miss;        // a core's miss that hits the shared cache
  Cycle l2_miss;            // a miss of both
  CacheDescription fabric_controller;
  Cycle fabric_controller_miss;
};

struct DmaDescription {
  int counters, core_queue, global_queue, ports;
  Cycle start, minimum, l2_latency;
  std::uint32_t bytes_per_cycle, burst, misaligned_bytes;
  Cycle store_burst_penalty, store_line_penalty;
};

struct EventUnitDescription {
  Cycle wait, barrier, software_event, dispatch_wake;
  int mutexes, barriers;
};

struct NeurekaDescription {
  int pixels, input_channels_3x3, input_channels_1x1, output_channels, contexts, weight_bits;
  Cycle wake;
};

struct DeviceDescription {
  Address demux_event_unit, demux_dma, cluster_control, cluster_timer, event_unit;
  Address neureka;  // 0 without one
  Address instruction_cache_control, dma, apb, console, exit;
  std::uint32_t apb_size;
  Cycle peripheral_latency, apb_latency, demux_latency;
};

// Picojoules per event, with the origin of each in soc.yaml.
struct EnergyDescription {
  double base_cycle;  // all of the SoC, whether it works or not
  double instruction, stall_cycle, instruction_cache_miss;
  double l1_access, l2_byte, dma_byte, weight_memory_byte;
  double accelerator_cycle, accelerator_mac;  // 0 without one
};

struct SocDescription {
  std::string name;
  double clock_hertz;
  std::vector<MemoryDescription> memories;
  int workers;       // cluster cores with ids 0 to workers - 1
  int control_core;  // id of the cluster's control core, or -1
  int cluster_id;
  int fabric_controller_id;
  int floating_point_units;
  StackDescription stack;          // of the fabric controller
  StackDescription cluster_stack;  // of each cluster core
  CoreDescription core;
  Cycle l1_latency;
  int l1_banks;
  std::uint32_t test_and_set_offset;
  Address alias_base;
  std::uint32_t alias_size;
  Cycle l2_latency, fabric_controller_l2_latency;
  Cycle weight_memory_latency;  // 0 without a memory of this name
  std::uint32_t l2_bytes_per_cycle;
  InstructionCacheDescription instruction_cache;
  DeviceDescription devices;
  DmaDescription dma;
  EventUnitDescription event_unit;
  std::optional<NeurekaDescription> neureka;
  EnergyDescription energy;

  // The memory of that name. Throws SocError if there is none.
  const MemoryDescription &memory(const std::string &memory_name) const;
  bool has_memory(const std::string &memory_name) const;
  // Cores of the cluster, control core included; the fabric controller has this index.
  int cluster_cores() const { return workers + (control_core >= 0 ? 1 : 0); }
};

// A description that cannot be read: `what()` is one line per problem, with file and line.
class SocError : public std::exception {
 public:
  explicit SocError(std::string text) : text_(std::move(text)) {}
  const char *what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// Reads soc.yaml. Throws SocError, which names all missing and malformed entries at once.
SocDescription read_soc_description(const std::string &path);
// The same for a document in memory; `name` is for messages.
SocDescription parse_soc_description(const std::string &document, const std::string &name);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_SOC_DESCRIPTION_H_
