// --trace: a timeline in the Trace Event Format, which Perfetto and chrome://tracing open.
#ifndef PLATFORMS_SIMULATOR_DEBUG_TRACE_H_
#define PLATFORMS_SIMULATOR_DEBUG_TRACE_H_

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "platforms/simulator/debug/observer.h"
#include "platforms/simulator/debug/output_file.h"

namespace tilewright::simulator {

// Writes events as they come. One cycle is the format's unit of time, which viewers call a
// microsecond.
//
// Process "cores" has two tracks per core: what it does ("run", "sleep") and its regions, nested.
// Process "DMA" has tracks per direction, as many as there are transfers at the same time; process
// "accelerator" has its jobs. Source of the format: "Trace Event Format", Google.
class Trace : public Observer {
 public:
  // `core_name` is only called during calls to this object.
  Trace(OutputFile *file, std::function<std::string(CoreIndex)> core_name);

  // Ends what is under way, and the document. Nothing may be observed afterwards.
  void finish(Cycle now);

  void core_started(CoreIndex core, Cycle cycle) override;
  void core_sleeps(CoreIndex core, Cycle cycle) override;
  void core_wakes(CoreIndex core, Cycle cycle) override;
  void region_begins(CoreIndex core, Cycle cycle, const std::string &name) override;
  void region_ends(CoreIndex core, Cycle cycle) override;
  void dma_transfer(CoreIndex issuer, bool to_l1, std::uint32_t bytes, Cycle queued, Cycle started,
                    Cycle done) override;
  void accelerator_job(const AcceleratorJob &job) override;

 private:
  struct CoreTrack {
    bool named = false;
    bool regions_named = false;
    const char *state = nullptr;  // "run", "sleep", or null before the start
    Cycle since = 0;
    std::vector<Cycle> regions;  // begins of the open ones
  };

  void event(const std::string &members);
  void name_process(int process, const std::string &name);
  void name_thread(int process, int thread, const std::string &name, int position);
  void change_state(CoreIndex core, const char *state, Cycle cycle);
  // The first track of a group on which nothing happens at `started`.
  int lane(int group, const std::string &name, Cycle started, Cycle done);

  OutputFile *file_;
  std::function<std::string(CoreIndex)> core_name_;
  bool first_ = true;
  std::array<CoreTrack, kMaximumCores> cores_;
  std::array<std::vector<Cycle>, 3> lanes_;  // busy until; DMA in, DMA out, accelerator
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_TRACE_H_
