// The address map: latencies, aliases, protection, and what is said about wrong addresses.
#include "platforms/simulator/memory/system_bus.h"

#include <string>
#include <vector>

#include "platforms/simulator/check.h"

namespace tilewright::simulator {
namespace {

constexpr Address kL1 = 0x10000000;
constexpr Address kWeights = 0x10400000;
constexpr Address kL2 = 0x1c000000;
constexpr Address kDevice = 0x10200000;
constexpr CoreIndex kFabricController = 9;

SocDescription soc_description() {
  SocDescription soc{};
  soc.workers = 8;
  soc.control_core = 8;
  soc.test_and_set_offset = 0x100000;
  soc.alias_base = 0;
  soc.alias_size = 0x400000;
  soc.l1_latency = 1;
  soc.l2_latency = 15;
  soc.fabric_controller_l2_latency = 2;
  soc.weight_memory_latency = 5;
  return soc;
}

class Recorder : public Device {
 public:
  Response load(CoreIndex, std::uint32_t offset, Cycle) override { return loaded(offset + 1); }
  Response store(CoreIndex, std::uint32_t offset, std::uint32_t value, Cycle) override {
    if (value == 13) {
      fault("thirteen");
    }
    if (value == 14) {  // of a core that it starts, say
      throw Fault{FaultKind::kFetch, 1, 0x40000000, ""};
    }
    stores.push_back({offset, value});
    return stored();
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> stores;
};

struct Bench {
  explicit Bench(bool allow_l1_alias = false)
      : tcdm(kL1, 0x40000, 16),
        l2("L2", kL2, 0x200000),
        weights("weight memory", kWeights, 0x800000),
        bus(soc_description(), allow_l1_alias, &tcdm, &l2, &weights, &code) {
    bus.add_device({"recorder", kDevice, 0x400, 3, &device});
  }

  std::uint32_t load(CoreIndex core, Address address, unsigned size, Cycle latency) {
    ++now;
    const Response response = bus.load(core, address, size, now);
    CHECK(response.kind == Response::Kind::kDone);
    CHECK_EQUAL(response.at, now + latency);
    return response.value;
  }
  void store(CoreIndex core, Address address, unsigned size, std::uint32_t value, Cycle latency) {
    ++now;
    const Response response = bus.store(core, address, size, value, now);
    CHECK(response.kind == Response::Kind::kDone);
    CHECK_EQUAL(response.at, now + latency);
  }
  void fails(CoreIndex core, Address address, unsigned size, bool is_store, FaultKind kind,
             const std::string &wanted) {
    ++now;
    CHECK_THROWS(
        is_store ? bus.store(core, address, size, 0, now) : bus.load(core, address, size, now),
        Fault,
        error.kind == kind && error.core == core && error.address == address &&
            error.detail.find(wanted) != std::string::npos);
  }

  Tcdm tcdm;
  ExternalMemory l2;
  ExternalMemory weights;
  CodeImage code;
  Recorder device;
  SystemBus bus;
  Cycle now = 0;
};

void check_memories() {
  Bench b;
  for (CoreIndex core : {0, 8, kFabricController}) {
    const Cycle l2 = core == kFabricController ? 2 : 15;
    b.store(core, kL2 + 0x100, 4, 0x12345678, l2);
    CHECK_EQUAL(b.load(core, kL2 + 0x100, 4, l2), 0x12345678u);
    CHECK_EQUAL(b.load(core, kL2 + 0x101, 2, l2), 0x3456u);
    CHECK_EQUAL(b.load(core, kL2 + 0x103, 1, l2), 0x12u);
    b.store(core, kL2 + 0x102, 1, 0xff, l2);
    CHECK_EQUAL(b.load(core, kL2 + 0x100, 4, l2), 0x12ff5678u);
    b.store(core, kWeights + 0x7ffffc, 4, 7, 5);
    CHECK_EQUAL(b.load(core, kWeights + 0x7ffffc, 4, 5), 7u);
    b.store(core, kL1 + 0x3fffc, 4, 9, 1);
    CHECK_EQUAL(b.load(core, kL1 + 0x3fffc, 4, 1), 9u);
  }
  CHECK_EQUAL(b.load(0, kL2, 4, 15), 0u);
}

// One beat per cycle and direction, whoever asks.
void check_l2_bandwidth() {
  Bench b;
  CHECK(b.bus.load(0, kL2, 4, 10).kind == Response::Kind::kDone);
  const Response refused = b.bus.load(1, kL2 + 0x8000, 4, 10);
  CHECK(refused.kind == Response::Kind::kRetry);
  CHECK_EQUAL(refused.at, Cycle{11});
  CHECK(b.bus.store(2, kL2, 4, 1, 10).kind == Response::Kind::kDone);
  CHECK(b.bus.load(3, kL2, 4, 11).kind == Response::Kind::kRetry);  // the one that waits is first
  CHECK_EQUAL(b.bus.load(1, kL2 + 0x8000, 4, 11).at, Cycle{26});
  CHECK_EQUAL(b.bus.load(3, kL2, 4, 12).at, Cycle{27});
}

void check_test_and_set() {
  Bench b;
  b.store(0, kL1 + 0x40, 4, 5, 1);
  CHECK_EQUAL(b.load(1, kL1 + 0x100040, 4, 1), 5u);
  CHECK_EQUAL(b.load(1, kL1 + 0x100040, 4, 1), 0xffffffffu);
  b.store(1, kL1 + 0x100040, 4, 0, 1);
  CHECK_EQUAL(b.load(0, kL1 + 0x40, 4, 1), 0u);
  CHECK(b.bus.take_device_activity());
  CHECK_EQUAL(b.load(0, kL1 + 0x40, 4, 1), 0u);
  CHECK(!b.bus.take_device_activity());
}

void check_aliases() {
  Bench b;
  b.store(2, 0x00200010, 4, 3, 3);
  CHECK_EQUAL(b.device.stores.size(), std::size_t{1});
  CHECK_EQUAL(b.load(2, 0x00200020, 4, 3), 0x21u);
  b.fails(2, 0x00000010, 4, false, FaultKind::kUnmapped, "null pointer");
  b.fails(2, 0x0003fffc, 1, true, FaultKind::kUnmapped, "--allow-l1-alias");
  b.fails(kFabricController, 0x00000010, 4, false, FaultKind::kUnmapped, "null pointer");
  b.fails(kFabricController, 0x00200010, 4, false, FaultKind::kUnmapped, "L1 begins at");
  Bench allowed(true);
  allowed.store(2, 0x00000010, 4, 3, 1);
  CHECK_EQUAL(allowed.load(2, kL1 + 0x10, 4, 1), 3u);
}

void check_faults() {
  Bench b;
  b.fails(0, 0x10040000, 4, false, FaultKind::kUnmapped,
          "a load of 4 bytes where no memory or device is; L1 ends at 0x1003ffff, the test-and-set "
          "window of L1 begins at 0x10100000");
  b.fails(0, kL2 + 0x200000, 1, true, FaultKind::kUnmapped, "L2 ends at 0x1c1fffff");
  b.fails(0, 0xfffffffc, 4, false, FaultKind::kUnmapped, "L2 ends");
  b.fails(0, kDevice + 2, 4, false, FaultKind::kMisaligned, "aligned words only");
  b.fails(0, kDevice, 1, true, FaultKind::kMisaligned, "a store of 1 byte at recorder");
  ++b.now;
  CHECK_THROWS(b.bus.store(4, 0x00200008, 4, 13, b.now), Fault,
               error.kind == FaultKind::kDevice && error.core == 4 && error.address == 0x00200008 &&
                   error.detail == "thirteen");
  CHECK_THROWS(b.bus.store(4, kDevice, 4, 14, b.now), Fault,
               error.kind == FaultKind::kFetch && error.core == 1 && error.address == 0x40000000);
  b.l2.protect(kL2 + 0x100, kL2 + 0x200, "code");
  b.fails(0, kL2 + 0x1ff, 1, true, FaultKind::kProtected, "a store of 1 byte to code");
  b.fails(kFabricController, kL2 + 0x100, 4, true, FaultKind::kProtected, "to code");
  b.store(0, kL2 + 0xfc, 4, 1, 15);
  b.store(0, kL2 + 0x200, 4, 1, 15);
  b.bus.set_stack_guard(kL2 + 0x1000, kL2 + 0x1040);
  b.fails(kFabricController, kL2 + 0x103c, 4, false, FaultKind::kStackOverflow, "guard");
  CHECK_EQUAL(b.load(kFabricController, kL2 + 0x1040, 4, 2), 0u);
  CHECK_EQUAL(b.load(0, kL2 + 0x1000, 4, 15), 0u);  // it is the fabric controller's
}

void check_debugger_accesses() {
  Bench b;
  const std::uint32_t word = 0xabcdef01;
  for (Address address : {kL1 + 4, kL2 + 4, kWeights + 4}) {
    std::uint32_t back = 0;
    CHECK(b.bus.poke(address, &word, 4));
    CHECK(b.bus.peek(address, &back, 4));
    CHECK_EQUAL(back, word);
  }
  std::uint32_t nothing = 0;
  CHECK(!b.bus.peek(kDevice, &nothing, 4));
  CHECK(!b.bus.peek(kL2 + 0x1ffffe, &nothing, 4));
  CHECK(!b.bus.take_device_activity());
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  check_memories();
  check_l2_bandwidth();
  check_test_and_set();
  check_aliases();
  check_faults();
  check_debugger_accesses();
  return check::result();
}
