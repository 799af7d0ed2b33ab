// --profile: what every core did between barriers, and when functions, transfers and jobs ran.
#ifndef PLATFORMS_SIMULATOR_DEBUG_PROFILE_H_
#define PLATFORMS_SIMULATOR_DEBUG_PROFILE_H_

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "platforms/simulator/core/statistics.h"
#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/soc/machine.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

// Programs that work in steps meet at a barrier after each. A core's counters are read when it
// arrives there, so the firmware needs no markers, and takes the time that it takes without them.
class Profile : public Observer {
 public:
  // `functions`: names by address, whose calls are logged. `machine` is called during calls to this
  // object.
  Profile(std::map<Address, std::string> functions, std::function<Machine *()> machine)
      : functions_(std::move(functions)), machine_(std::move(machine)) {}

  // Calls are noticed from here on.
  void watch();
  // The document, whose keys platforms/simulator/README.md explains.
  std::string text() const;

  void barrier_reached(CoreIndex core, Cycle cycle, int barrier) override;
  void barrier_passed(int barrier, Cycle cycle) override;
  void mark_reached(CoreIndex core, Cycle cycle, Address address,
                    const Registers &registers) override;
  void dma_transfer(CoreIndex issuer, bool to_l1, std::uint32_t bytes, Cycle queued, Cycle started,
                    Cycle done) override;
  void accelerator_job(const AcceleratorJob &job) override { jobs_.push_back(job); }

 private:
  struct Arrival {
    CoreIndex core;
    Cycle cycle;
    CoreStatistics statistics;  // since the core's arrival before this one, at the same barrier
  };
  struct Meeting {
    int barrier;
    Cycle passed;  // kNever: not everybody came
    std::vector<Arrival> arrivals;
  };
  struct Call {
    std::string function;
    CoreIndex core;
    Cycle begin;
    Cycle end;  // kNever: it has not returned
    Address return_address;
    std::uint32_t stack_pointer;
  };
  struct Transfer {
    CoreIndex issuer;
    bool to_l1;
    std::uint32_t bytes;
    Cycle queued, started, done;
  };

  std::map<Address, std::string> functions_;
  std::function<Machine *()> machine_;
  std::map<int, Meeting> open_;  // by barrier
  std::map<std::pair<int, CoreIndex>, CoreStatistics> last_;
  std::vector<Meeting> meetings_;
  std::vector<Call> calls_;
  std::vector<Transfer> transfers_;
  std::vector<AcceleratorJob> jobs_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_PROFILE_H_
