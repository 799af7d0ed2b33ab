// L2 and weight memory: everything that holds data outside of the cluster's L1.
#ifndef PLATFORMS_SIMULATOR_MEMORY_EXTERNAL_MEMORY_H_
#define PLATFORMS_SIMULATOR_MEMORY_EXTERNAL_MEMORY_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "platforms/simulator/memory/round_robin_port.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Storage behind one port per direction. A port moves one beat of eight bytes per cycle, whoever
// asks: cores, DMA, instruction refills.
class ExternalMemory {
 public:
  ExternalMemory(std::string name, Address base, std::uint32_t size)
      : name_(std::move(name)), base_(base), size_(size), bytes_(size) {}

  const std::string &name() const { return name_; }
  Address base() const { return base_; }
  std::uint32_t size() const { return size_; }

  // Whether all of the bytes lie in the memory.
  bool contains(Address address, std::uint32_t bytes) const {
    return bytes <= size_ && address - base_ <= size_ - bytes;  // wraps around below the base
  }
  std::uint8_t *at(Address address) { return bytes_.data() + (address - base_); }
  const std::uint8_t *at(Address address) const { return bytes_.data() + (address - base_); }

  RoundRobinPort &read_port() { return read_port_; }
  RoundRobinPort &write_port() { return write_port_; }

  // Stores to [begin, end) are faults from now on.
  void protect(Address begin, Address end, std::string what) {
    protected_.push_back({begin, end, std::move(what)});
  }
  // What protects any of the bytes from stores, or null.
  const std::string *protection(Address address, std::uint32_t bytes) const {
    for (const Protection &range : protected_) {
      if (address < range.end && range.begin - address < bytes) {
        return &range.what;
      }
      if (address >= range.begin && address < range.end) {
        return &range.what;
      }
    }
    return nullptr;
  }

  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;

 private:
  struct Protection {
    Address begin;
    Address end;
    std::string what;
  };

  std::string name_;
  Address base_;
  std::uint32_t size_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Protection> protected_;
  RoundRobinPort read_port_;
  RoundRobinPort write_port_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_MEMORY_EXTERNAL_MEMORY_H_
