// The bus of the SoC: who finds what at which address, after how long.
#ifndef PLATFORMS_SIMULATOR_MEMORY_SYSTEM_BUS_H_
#define PLATFORMS_SIMULATOR_MEMORY_SYSTEM_BUS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "platforms/simulator/core/code_image.h"
#include "platforms/simulator/devices/device.h"
#include "platforms/simulator/memory/bus.h"
#include "platforms/simulator/memory/external_memory.h"
#include "platforms/simulator/memory/tcdm.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {

// A device's place in the address map.
struct DeviceWindow {
  std::string name;
  Address base;
  std::uint32_t size;
  Cycle latency;
  Device *device;
};

class SystemBus : public Bus {
 public:
  SystemBus(const SocDescription &description, bool allow_l1_alias, Tcdm *tcdm, ExternalMemory *l2,
            ExternalMemory *weight_memory, CodeImage *code);

  // Windows do not overlap; where one lies inside of another, the first one added wins.
  void add_device(DeviceWindow window) { windows_.push_back(std::move(window)); }
  // Accesses of the fabric controller to [begin, end) in L2 are stack overflows.
  void set_stack_guard(Address begin, Address end) {
    guard_begin_ = begin;
    guard_size_ = end - begin;
  }

  Response load(CoreIndex core, Address address, unsigned size, Cycle now) override;
  Response store(CoreIndex core, Address address, unsigned size, std::uint32_t value,
                 Cycle now) override;
  Response event_load(CoreIndex core, Address address, Cycle now) override;
  bool peek(Address address, void *bytes, std::uint32_t size) const override;
  bool poke(Address address, const void *bytes, std::uint32_t size) override;

  // Whether a device was touched, or a word taken through the test-and-set window, since the last
  // call.
  bool take_device_activity();

  // Accesses by the cluster's cores that were not to L1, and those of all cores that came to L1
  // this way.
  std::uint64_t cluster_accesses_elsewhere() const { return cluster_accesses_elsewhere_; }
  std::uint64_t l1_accesses() const { return l1_accesses_; }

 private:
  enum class Kind { kLoad, kStore, kEventLoad };
  struct Access {
    Kind kind;
    CoreIndex core;
    Address address;
    unsigned size;
    std::uint32_t value;
    Cycle now;
    Address issued;  // the address before aliases were resolved
  };

  Response access(Access access);
  Response access_external(ExternalMemory *memory, Cycle latency, const Access &access);
  Response access_l1(Address address, bool test_and_set, const Access &access);
  Response access_device(const DeviceWindow &window, const Access &access);
  Address resolve_alias(const Access &access) const;
  // "l1 ends at 0x1003ffff, cluster_control begins at 0x10200000".
  std::string surroundings(Address address) const;
  [[noreturn]] void unmapped(const Access &access) const;
  std::uint8_t *backing(Address address, std::uint32_t size) const;

  bool allow_l1_alias_;
  CoreIndex fabric_controller_;
  Tcdm *tcdm_;
  ExternalMemory *l2_;
  ExternalMemory *weight_memory_;
  CodeImage *code_;
  Address test_and_set_base_;
  Address alias_base_;
  std::uint32_t alias_size_;
  Cycle l1_latency_;
  Cycle weight_memory_latency_;
  std::array<Cycle, kMaximumCores> l2_latency_;
  std::vector<DeviceWindow> windows_;
  Address guard_begin_ = 0;
  std::uint32_t guard_size_ = 0;
  bool device_activity_ = false;
  std::uint64_t cluster_accesses_elsewhere_ = 0;
  std::uint64_t l1_accesses_ = 0;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_MEMORY_SYSTEM_BUS_H_
