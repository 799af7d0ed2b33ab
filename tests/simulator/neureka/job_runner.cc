// Runs register accesses to N-EUREKA at given cycles, without cores and bus; reads and writes
// memory images. Compares nothing: the tests beside it do.
//
//   job_runner < SCRIPT > RESULT
//   job_runner --benchmark
//
// SCRIPT is lines of text, ended by "run", then the contents of L1 and of weight memory:
//   weight_memory SIZE                bytes, before "run"
//   store CYCLE CORE OFFSET VALUE
//   load CYCLE CORE OFFSET
//   poke CYCLE CORE ADDRESS VALUE     writes a byte of L1, after the accelerator's access
//   peek CYCLE CORE ADDRESS           reads one, likewise
//   hammer ADDRESS BEGIN COUNT        an agent that wants one word per cycle until it had COUNT
// RESULT is lines of text, ended by "end", then the contents of L1:
//   load OFFSET VALUE                 in the order of the script
//   peek ADDRESS VALUE
//   event CORE NUMBER CYCLE
//   job TRIGGERED STARTED DONE DESCRIPTION
//   hammer INDEX LAST LONGEST         cycles: of its last access, and the longest wait for one
//   statistics NAME VALUE
//   fault CORE ADDRESS DETAIL         nothing else happens then
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "platforms/simulator/neureka/neureka.h"
#include "platforms/simulator/soc/fault.h"

namespace {

using namespace tilewright::simulator;

constexpr Address kL1Base = 0x10000000;
constexpr std::uint32_t kL1Size = 0x40000;
constexpr int kBanks = 16;
constexpr Cycle kEventWake = 5;
constexpr NeurekaDescription kDescription{6, 28, 32, 32, 2, 256, 7};

struct Access {
  enum class Kind { kStore, kLoad, kPoke, kPeek };
  Kind kind;
  Cycle cycle;
  CoreIndex core;
  std::uint32_t address;  // or offset of a register
  std::uint32_t value;
};

// Stands in for the cores: makes the script's accesses.
class Driver : public Agent {
 public:
  Driver(std::vector<Access> accesses, Neureka *neureka, Tcdm *tcdm)
      : accesses_(std::move(accesses)), neureka_(neureka), tcdm_(tcdm) {}

  Cycle first() const { return accesses_.empty() ? kNever : accesses_.front().cycle; }

  Cycle step(Cycle now, Cycle /*horizon*/) override {
    for (; next_ < accesses_.size() && accesses_[next_].cycle <= now; ++next_) {
      make(accesses_[next_], now);
    }
    return next_ < accesses_.size() ? accesses_[next_].cycle : kNever;
  }

 private:
  void make(const Access &access, Cycle now) {
    switch (access.kind) {
      case Access::Kind::kStore:
        neureka_->store(access.core, access.address, access.value, now);
        break;
      case Access::Kind::kLoad:
        std::printf("load %u %u\n", access.address,
                    neureka_->load(access.core, access.address, now));
        break;
      case Access::Kind::kPoke:
        tcdm_->data()[access.address - kL1Base] = static_cast<std::uint8_t>(access.value);
        break;
      case Access::Kind::kPeek:
        std::printf("peek %u %u\n", access.address, tcdm_->data()[access.address - kL1Base]);
        break;
    }
  }

  std::vector<Access> accesses_;
  std::size_t next_ = 0;
  Neureka *neureka_;
  Tcdm *tcdm_;
};

// Accesses one word in every cycle, as a core in a loop of loads would at best.
class Hammer : public Agent {
 public:
  Hammer(Tcdm *tcdm, Address address, Cycle begin, std::uint64_t count)
      : tcdm_(tcdm), address_(address), begin_(begin), count_(count) {}

  void set_requester(Requester requester) { requester_ = requester; }
  Cycle begin() const { return begin_; }
  Cycle last() const { return last_; }
  Cycle longest_wait() const { return longest_wait_; }

  Cycle step(Cycle now, Cycle /*horizon*/) override {
    if (!tcdm_->claim_word(address_, requester_, now)) {
      ++wait_;
      return now + 1;
    }
    last_ = now;
    longest_wait_ = wait_ > longest_wait_ ? wait_ : longest_wait_;
    wait_ = 0;
    return --count_ == 0 ? kNever : now + 1;
  }

 private:
  Tcdm *tcdm_;
  Address address_;
  Cycle begin_;
  std::uint64_t count_;
  Requester requester_ = 0;
  Cycle last_ = 0;
  Cycle wait_ = 0;
  Cycle longest_wait_ = 0;
};

class Events : public EventSink {
 public:
  void raise(CoreIndex core, int event, Cycle now) override {
    std::printf("event %d %d %llu\n", core, event, static_cast<unsigned long long>(now));
  }
  void raise_all(int event, Cycle now) override { raise(-1, event, now); }
};

class Jobs : public Observer {
 public:
  void accelerator_job(const AcceleratorJob &job) override {
    std::printf("job %llu %llu %llu %s\n", static_cast<unsigned long long>(job.triggered),
                static_cast<unsigned long long>(job.started),
                static_cast<unsigned long long>(job.done), job.description.c_str());
  }
};

void print_statistics(const NeurekaStatistics &s) {
  const struct {
    const char *name;
    std::uint64_t value;
  } all[] = {
      {"jobs", s.jobs},
      {"busy_cycles", s.busy_cycles},
      {"stall_cycles", s.stall_cycles},
      {"multiply_accumulates", s.multiply_accumulates},
      {"input_accesses", s.input_accesses},
      {"weight_accesses_l1", s.weight_accesses_l1},
      {"weight_bytes_wmem", s.weight_bytes_wmem},
      {"partial_sum_accesses", s.partial_sum_accesses},
      {"output_accesses", s.output_accesses},
  };
  for (const auto &entry : all) {
    std::printf("statistics %s %llu\n", entry.name, static_cast<unsigned long long>(entry.value));
  }
}

int run_script() {
  std::vector<Access> accesses;
  auto tcdm = std::make_unique<Tcdm>(kL1Base, kL1Size, kBanks);
  std::vector<std::unique_ptr<Hammer>> hammers;
  std::uint32_t weight_memory_size = 0;
  std::string line;
  while (std::getline(std::cin, line) && line != "run") {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "store" || command == "load" || command == "poke" || command == "peek") {
      Access access{command == "store"  ? Access::Kind::kStore
                    : command == "load" ? Access::Kind::kLoad
                    : command == "poke" ? Access::Kind::kPoke
                                        : Access::Kind::kPeek,
                    0, 0, 0, 0};
      words >> access.cycle >> access.core >> access.address;
      if (access.kind == Access::Kind::kStore || access.kind == Access::Kind::kPoke) {
        words >> access.value;
      }
      accesses.push_back(access);
    } else if (command == "hammer") {
      Address address = 0;
      Cycle begin = 0;
      std::uint64_t count = 0;
      words >> address >> begin >> count;
      hammers.push_back(std::make_unique<Hammer>(tcdm.get(), address, begin, count));
    } else if (command == "weight_memory") {
      words >> weight_memory_size;
    } else {
      words.setstate(std::ios::failbit);
    }
    if (!words) {
      std::fprintf(stderr, "job_runner: cannot read the line \"%s\"\n", line.c_str());
      return 2;
    }
  }
  std::vector<std::uint8_t> weight_memory(weight_memory_size);
  std::cin.read(reinterpret_cast<char *>(tcdm->data()), kL1Size);
  std::cin.read(reinterpret_cast<char *>(weight_memory.data()), weight_memory_size);
  if (!std::cin) {
    std::fprintf(stderr, "job_runner: the memory images are too short\n");
    return 2;
  }

  Events events;
  Jobs jobs;
  Scheduler scheduler;
  Neureka neureka(kDescription, {tcdm.get(), weight_memory.data(), weight_memory_size, &events,
                                 &scheduler, &jobs, kEventWake});
  neureka.set_agent(scheduler.add(&neureka));
  Driver driver(std::move(accesses), &neureka, tcdm.get());
  const AgentIndex driver_index = scheduler.add(&driver);
  if (driver.first() != kNever) {
    scheduler.wake(driver_index, driver.first());
  }
  for (const auto &hammer : hammers) {
    const AgentIndex index = scheduler.add(hammer.get());
    hammer->set_requester(index);
    scheduler.wake(index, hammer->begin());
  }
  try {
    scheduler.run_until(kNever - 1);
  } catch (const Fault &fault) {
    std::printf("fault %d %u %s\n", fault.core, fault.address, fault.detail.c_str());
  }
  for (std::size_t i = 0; i < hammers.size(); ++i) {
    std::printf("hammer %zu %llu %llu\n", i, static_cast<unsigned long long>(hammers[i]->last()),
                static_cast<unsigned long long>(hammers[i]->longest_wait()));
  }
  print_statistics(neureka.statistics());
  std::printf("end\n");
  std::fwrite(tcdm->data(), 1, kL1Size, stdout);
  return 0;
}

// One kind of job, again and again.
struct Workload {
  const char *name;
  std::uint32_t mode;  // configuration bits [6:5]
  std::uint32_t weight_bits;
  std::uint32_t k_in;
  std::uint32_t k_out;
  std::uint32_t size;  // of the output, both ways
};

// Discards events.
class NoEvents : public EventSink {
 public:
  void raise(CoreIndex, int, Cycle) override {}
  void raise_all(int, Cycle) override {}
};

void benchmark(const Workload &w) {
  auto tcdm = std::make_unique<Tcdm>(kL1Base, kL1Size, kBanks);
  std::vector<std::uint8_t> weight_memory(1u << 20);
  std::uint32_t random = 1;
  const auto fill = [&random](std::uint8_t *bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      random = random * 1664525u + 1013904223u;
      bytes[i] = static_cast<std::uint8_t>(random >> 24);
    }
  };
  fill(tcdm->data(), kL1Size);
  fill(weight_memory.data(), weight_memory.size());

  const std::uint32_t kernel = w.mode == 2 ? 1 : 3;
  const std::uint32_t k_in_tile = kernel == 1 ? 32 : 28;
  const std::uint32_t k_out_tile = w.mode == 1 ? 28 : 32;
  const std::uint32_t input_size = w.size + kernel - 1;
  const auto tiles = [](std::uint32_t size, std::uint32_t tile) {
    return (size + tile - 1) / tile;
  };
  const auto rest = [&tiles](std::uint32_t size, std::uint32_t tile) {
    return size - (tiles(size, tile) - 1) * tile;
  };
  const std::uint32_t planes = kernel == 1 ? 1 : w.weight_bits;
  const std::uint32_t output = kL1Base + 0x18000;
  const std::uint32_t scale = kL1Base + 0x38000;
  // Scale 0 keeps random accumulators in range.
  std::memset(tcdm->data() + 0x38000, 0, 0x1000);
  const std::uint32_t rest_out = rest(w.size, 6);
  const std::uint32_t rest_in = rest_out + kernel - 1;
  const std::uint32_t registers[24] = {
      0,
      kL1Base,
      output,
      scale,
      scale,
      scale,
      w.k_in,
      w.k_in * input_size,
      0,
      32,
      w.k_out,
      w.k_out * w.size,
      32,
      32 * planes * tiles(w.k_in, k_in_tile),
      0,
      rest(w.k_out, k_out_tile) << 16 | rest(w.k_in, k_in_tile),
      rest_out << 16 | rest_out,
      rest_in << 16 | rest_in,
      tiles(w.k_out, k_out_tile) << 16 | tiles(w.k_in, k_in_tile),
      tiles(w.size, 6) << 16 | tiles(w.size, 6),
      0,
      static_cast<std::uint32_t>(-128),
      0,
      1u << 23 | 1u << 9 | w.mode << 5 | 1u << 4 | (w.weight_bits - 1),
  };

  NoEvents events;
  Scheduler scheduler;
  Neureka neureka(kDescription, {tcdm.get(), weight_memory.data(),
                                 static_cast<std::uint32_t>(weight_memory.size()), &events,
                                 &scheduler, nullptr, kEventWake});
  neureka.set_agent(scheduler.add(&neureka));
  // Processor time: the machine may be busy with other things.
  const std::clock_t begin = std::clock();
  double seconds = 0;
  while (seconds < 1) {
    const Cycle now = scheduler.now();
    neureka.load(0, 0x04, now);
    for (std::uint32_t i = 0; i < 24; ++i) {
      neureka.store(0, 0x20 + 4 * i, registers[i], now);
    }
    neureka.store(0, 0x00, 0, now);
    scheduler.run_until(kNever - 1);
    seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  }
  const auto products = static_cast<double>(neureka.statistics().multiply_accumulates);
  const auto cycles = static_cast<double>(neureka.statistics().busy_cycles);
  std::printf("%-30s %8.0f M MAC/s %8.0f M cycles/s\n", w.name, products / seconds / 1e6,
              cycles / seconds / 1e6);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc == 2 && std::strcmp(argv[1], "--benchmark") == 0) {
    for (const Workload &workload : {
             Workload{"3x3 64->64 16x16, 8 bits", 0, 8, 64, 64, 16},
             Workload{"3x3 64->64 16x16, 2 bits", 0, 2, 64, 64, 16},
             Workload{"3x3 28->32 6x6, 8 bits", 0, 8, 28, 32, 6},
             Workload{"1x1 128->128 16x16, 8 bits", 2, 8, 128, 128, 16},
             Workload{"1x1 64->256 1x1, 8 bits", 2, 8, 64, 256, 1},
             Workload{"depthwise 112 16x16, 8 bits", 1, 8, 112, 112, 16},
         }) {
      benchmark(workload);
    }
    return 0;
  }
  if (argc != 1) {
    std::fprintf(stderr, "usage: job_runner < SCRIPT > RESULT | job_runner --benchmark\n");
    return 2;
  }
  return run_script();
}
