#include "platforms/simulator/soc/polling_detector.h"

namespace tilewright::simulator {

void PollingDetector::reset() {
  suspects_ = false;
  cores_ = 0;
  for (Track &track : tracks_) {
    track = {};
  }
}

bool PollingDetector::check(const std::vector<Core *> &awake, bool disturbed, Cycle now) {
  std::uint64_t cores = 0;
  for (Core *core : awake) {
    Track &track = tracks_[static_cast<std::size_t>(core->index())];
    cores |= std::uint64_t{1} << core->index();
    const std::uint64_t stores = core->statistics(now).stores;
    disturbed |= core->take_time_read() || stores != track.stores;
    track.stores = stores;
  }
  const bool restart = disturbed || cores != cores_;
  cores_ = cores;
  suspects_ = !restart;
  bool all_seen = !awake.empty();
  for (Core *core : awake) {
    Track &track = tracks_[static_cast<std::size_t>(core->index())];
    state_.clear();
    core->architectural_state(&state_);
    if (restart) {
      track.seen = false;
      track.steps = 0;
      track.distance = 1;
      track.snapshot = state_;
    } else if (!track.seen) {
      track.seen = state_ == track.snapshot;
      if (!track.seen && ++track.steps == track.distance) {
        track.steps = 0;
        track.distance *= 2;
        track.snapshot = state_;
      }
    }
    all_seen &= track.seen;
  }
  return all_seen;
}

}  // namespace tilewright::simulator
