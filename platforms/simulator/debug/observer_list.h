// Several observers as one.
#ifndef PLATFORMS_SIMULATOR_DEBUG_OBSERVER_LIST_H_
#define PLATFORMS_SIMULATOR_DEBUG_OBSERVER_LIST_H_

#include <string>
#include <vector>

#include "platforms/simulator/debug/observer.h"

namespace tilewright::simulator {

class ObserverList : public Observer {
 public:
  // Not owned.
  void add(Observer *observer) { observers_.push_back(observer); }
  bool empty() const { return observers_.empty(); }

  void instruction(CoreIndex core, Cycle cycle, Address pc) override {
    for (Observer *observer : observers_) observer->instruction(core, cycle, pc);
  }
  void core_started(CoreIndex core, Cycle cycle) override {
    for (Observer *observer : observers_) observer->core_started(core, cycle);
  }
  void core_sleeps(CoreIndex core, Cycle cycle) override {
    for (Observer *observer : observers_) observer->core_sleeps(core, cycle);
  }
  void core_wakes(CoreIndex core, Cycle cycle) override {
    for (Observer *observer : observers_) observer->core_wakes(core, cycle);
  }
  void region_begins(CoreIndex core, Cycle cycle, const std::string &name) override {
    for (Observer *observer : observers_) observer->region_begins(core, cycle, name);
  }
  void region_ends(CoreIndex core, Cycle cycle) override {
    for (Observer *observer : observers_) observer->region_ends(core, cycle);
  }
  void barrier_reached(CoreIndex core, Cycle cycle, int barrier) override {
    for (Observer *observer : observers_) observer->barrier_reached(core, cycle, barrier);
  }
  void barrier_passed(int barrier, Cycle cycle) override {
    for (Observer *observer : observers_) observer->barrier_passed(barrier, cycle);
  }
  void mark_reached(CoreIndex core, Cycle cycle, Address address,
                    const Registers &registers) override {
    for (Observer *observer : observers_) observer->mark_reached(core, cycle, address, registers);
  }
  void dma_transfer(CoreIndex issuer, bool to_l1, std::uint32_t bytes, Cycle queued, Cycle started,
                    Cycle done) override {
    for (Observer *observer : observers_) {
      observer->dma_transfer(issuer, to_l1, bytes, queued, started, done);
    }
  }
  void accelerator_job(const AcceleratorJob &job) override {
    for (Observer *observer : observers_) observer->accelerator_job(job);
  }

 private:
  std::vector<Observer *> observers_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_OBSERVER_LIST_H_
