#include "platforms/simulator/memory/system_bus.h"

#include <cstring>

#include "platforms/simulator/soc/fault.h"
#include "platforms/simulator/soc/hexadecimal.h"

namespace tilewright::simulator {
namespace {

std::uint32_t read_bytes(const std::uint8_t *bytes, unsigned size) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, size);  // both sides are little-endian
  return value;
}

std::string accessed(unsigned size, bool store) {
  return std::string(store ? "a store" : "a load") + " of " + std::to_string(size) +
         (size == 1 ? " byte" : " bytes");
}

}  // namespace

SystemBus::SystemBus(const SocDescription &description, bool allow_l1_alias, Tcdm *tcdm,
                     ExternalMemory *l2, ExternalMemory *weight_memory, CodeImage *code)
    : allow_l1_alias_(allow_l1_alias),
      fabric_controller_(description.cluster_cores()),
      tcdm_(tcdm),
      l2_(l2),
      weight_memory_(weight_memory),
      code_(code),
      test_and_set_base_(tcdm->base() + description.test_and_set_offset),
      alias_base_(description.alias_base),
      alias_size_(description.alias_size),
      l1_latency_(description.l1_latency),
      weight_memory_latency_(description.weight_memory_latency) {
  l2_latency_.fill(description.l2_latency);
  l2_latency_[static_cast<std::size_t>(fabric_controller_)] =
      description.fabric_controller_l2_latency;
}

Response SystemBus::load(CoreIndex core, Address address, unsigned size, Cycle now) {
  return access({Kind::kLoad, core, address, size, 0, now, address});
}

Response SystemBus::store(CoreIndex core, Address address, unsigned size, std::uint32_t value,
                          Cycle now) {
  return access({Kind::kStore, core, address, size, value, now, address});
}

Response SystemBus::event_load(CoreIndex core, Address address, Cycle now) {
  return access({Kind::kEventLoad, core, address, 4, 0, now, address});
}

Response SystemBus::access(Access access) {
  if (l2_->contains(access.address, access.size)) [[likely]] {
    return access_external(l2_, l2_latency_[static_cast<std::size_t>(access.core)], access);
  }
  if (access.core < fabric_controller_ && access.address - alias_base_ < alias_size_) {
    access.address = resolve_alias(access);
  }
  for (const DeviceWindow &window : windows_) {
    if (access.address - window.base < window.size) {
      return access_device(window, access);
    }
  }
  if (tcdm_->contains(access.address, access.size)) {
    return access_l1(access.address, false, access);
  }
  if (weight_memory_->contains(access.address, access.size)) {
    return access_external(weight_memory_, weight_memory_latency_, access);
  }
  if (access.address - test_and_set_base_ <= tcdm_->size() - access.size) {
    return access_l1(tcdm_->base() + (access.address - test_and_set_base_), true, access);
  }
  unmapped(access);
}

Address SystemBus::resolve_alias(const Access &access) const {
  const std::uint32_t offset = access.address - alias_base_;
  if (offset < tcdm_->size() && !allow_l1_alias_) {
    throw Fault{FaultKind::kUnmapped, access.core, access.address,
                accessed(access.size, access.kind == Kind::kStore) +
                    " at the cluster's alias of L1 (a null pointer?); L1 is at " +
                    hexadecimal(tcdm_->base()) + ", and --allow-l1-alias permits the alias"};
  }
  return tcdm_->base() + offset;
}

Response SystemBus::access_external(ExternalMemory *memory, Cycle latency, const Access &access) {
  const bool store = access.kind == Kind::kStore;
  if (access.core == fabric_controller_) {
    if (access.address - guard_begin_ < guard_size_) {
      throw Fault{FaultKind::kStackOverflow, access.core, access.address,
                  accessed(access.size, store) + " in the guard below the stack"};
    }
  }
  RoundRobinPort &port = store ? memory->write_port() : memory->read_port();
  if (store) {
    const std::string *protection = memory->protection(access.address, access.size);
    if (protection != nullptr) {
      throw Fault{FaultKind::kProtected, access.core, access.address,
                  accessed(access.size, true) + " to " + *protection};
    }
  }
  if (!port.claim(access.core, access.now)) {
    return {Response::Kind::kRetry, false, 0, access.now + 1};
  }
  cluster_accesses_elsewhere_ += access.core < fabric_controller_ ? 1 : 0;
  std::uint8_t *bytes = memory->at(access.address);
  Response response{Response::Kind::kDone, false, 0, access.now + latency};
  if (store) {
    std::memcpy(bytes, &access.value, access.size);
    memory->bytes_written += access.size;
  } else {
    response.value = read_bytes(bytes, access.size);
    memory->bytes_read += access.size;
  }
  return response;
}

Response SystemBus::access_l1(Address address, bool test_and_set, const Access &access) {
  const bool store = access.kind == Kind::kStore;
  device_activity_ |= test_and_set;
  if (!tcdm_->claim_word(address, access.core, access.now)) {
    return {Response::Kind::kRetry, false, 0, access.now + 1};
  }
  ++l1_accesses_;
  cluster_accesses_elsewhere_ += access.core < fabric_controller_ ? 1 : 0;
  std::uint8_t *bytes = tcdm_->data() + (address - tcdm_->base());
  Response response{Response::Kind::kDone, false, 0, access.now + l1_latency_};
  if (store) {
    std::memcpy(bytes, &access.value, access.size);
  } else {
    response.value = read_bytes(bytes, access.size);
    if (test_and_set) {
      std::memset(bytes, 0xff, access.size);
    }
  }
  return response;
}

Response SystemBus::access_device(const DeviceWindow &window, const Access &access) {
  device_activity_ = true;
  const std::uint32_t offset = access.address - window.base;
  if (!window.device->byte_accesses() && (access.size != 4 || offset % 4 != 0)) {
    throw Fault{FaultKind::kMisaligned, access.core, access.issued,
                accessed(access.size, access.kind == Kind::kStore) + " at " + window.name +
                    ", whose registers take aligned words only"};
  }
  try {
    Response response =
        access.kind == Kind::kLoad
            ? window.device->load(access.core, offset, access.now)
            : (access.kind == Kind::kStore
                   ? window.device->store(access.core, offset, access.value, access.now)
                   : window.device->event_load(access.core, offset, access.now));
    if (response.at == kLatencyOfBus) {
      response.at = access.now + window.latency;
    }
    cluster_accesses_elsewhere_ += access.core < fabric_controller_ &&
                                           access.kind != Kind::kEventLoad &&
                                           response.kind != Response::Kind::kRetry
                                       ? 1
                                       : 0;
    return response;
  } catch (Fault &fault) {
    if (fault.kind == FaultKind::kDevice) {
      fault.core = access.core;
      fault.address = access.issued;
    }
    throw;
  }
}

bool SystemBus::take_device_activity() {
  const bool activity = device_activity_;
  device_activity_ = false;
  return activity;
}

std::string SystemBus::surroundings(Address address) const {
  std::string below;
  std::string above;
  Address below_end = 0;
  Address above_begin = 0;
  const auto consider = [&](const std::string &name, Address base, std::uint32_t size) {
    if (size == 0) {
      return;
    }
    const Address last = base + size - 1;
    if (last < address && (below.empty() || last > below_end)) {
      below = name + " ends at " + hexadecimal(last, 8);
      below_end = last;
    }
    if (base > address && (above.empty() || base < above_begin)) {
      above = name + " begins at " + hexadecimal(base, 8);
      above_begin = base;
    }
  };
  for (const DeviceWindow &window : windows_) {
    consider(window.name, window.base, window.size);
  }
  consider("L1", tcdm_->base(), tcdm_->size());
  consider("the test-and-set window of L1", test_and_set_base_, tcdm_->size());
  consider(weight_memory_->name(), weight_memory_->base(), weight_memory_->size());
  consider(l2_->name(), l2_->base(), l2_->size());
  return below + (below.empty() || above.empty() ? "" : ", ") + above;
}

void SystemBus::unmapped(const Access &access) const {
  std::string text =
      accessed(access.size, access.kind == Kind::kStore) + " where no memory or device is";
  if (access.issued < 0x1000) {
    text += " (a null pointer?)";
  }
  throw Fault{FaultKind::kUnmapped, access.core, access.issued,
              text + "; " + surroundings(access.address)};
}

std::uint8_t *SystemBus::backing(Address address, std::uint32_t size) const {
  if (l2_->contains(address, size)) {
    return l2_->at(address);
  }
  if (weight_memory_->contains(address, size)) {
    return weight_memory_->at(address);
  }
  if (size <= tcdm_->size() && tcdm_->contains(address, size)) {
    return tcdm_->data() + (address - tcdm_->base());
  }
  return nullptr;
}

bool SystemBus::peek(Address address, void *bytes, std::uint32_t size) const {
  const std::uint8_t *source = backing(address, size);
  if (source == nullptr) {
    return false;
  }
  std::memcpy(bytes, source, size);
  return true;
}

bool SystemBus::poke(Address address, const void *bytes, std::uint32_t size) {
  std::uint8_t *target = backing(address, size);
  if (target == nullptr) {
    return false;
  }
  std::memcpy(target, bytes, size);
  code_->change(address, static_cast<const std::uint8_t *>(bytes), size);
  return true;
}

}  // namespace tilewright::simulator
