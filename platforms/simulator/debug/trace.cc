#include "platforms/simulator/debug/trace.h"

#include <algorithm>
#include <utility>

#include "platforms/simulator/debug/json_writer.h"

namespace tilewright::simulator {
namespace {

constexpr int kCores = 1;
constexpr int kDma = 2;
constexpr int kAccelerator = 3;
constexpr int kLaneStride = 32;  // thread ids of a group of lanes

std::string number(const char *key, std::uint64_t value) {
  return ",\"" + std::string(key) + "\":" + std::to_string(value);
}

std::string place(int process, int thread) {
  return ",\"pid\":" + std::to_string(process) + ",\"tid\":" + std::to_string(thread);
}

std::string slice(const std::string &name, int process, int thread, Cycle begin, Cycle end) {
  return "\"ph\":\"X\",\"name\":" + json_string(name) + place(process, thread) +
         number("ts", begin) + number("dur", end - begin);
}

int state_thread(CoreIndex core) { return 2 * core + 1; }
int region_thread(CoreIndex core) { return 2 * core + 2; }

}  // namespace

Trace::Trace(OutputFile *file, std::function<std::string(CoreIndex)> core_name)
    : file_(file), core_name_(std::move(core_name)) {
  file_->write("{\"otherData\":{\"unit of time\":\"1 us is one cycle\"},\n\"traceEvents\":[");
  name_process(kCores, "cores");
  name_process(kDma, "DMA");
  name_process(kAccelerator, "accelerator");
}

void Trace::event(const std::string &members) {
  file_->write((first_ ? "\n{" : ",\n{") + members + "}");
  first_ = false;
}

void Trace::name_process(int process, const std::string &name) {
  event("\"ph\":\"M\",\"name\":\"process_name\"" + place(process, 0) +
        ",\"args\":{\"name\":" + json_string(name) + "}");
  event("\"ph\":\"M\",\"name\":\"process_sort_index\"" + place(process, 0) +
        ",\"args\":{\"sort_index\":" + std::to_string(process) + "}");
}

void Trace::name_thread(int process, int thread, const std::string &name, int position) {
  event("\"ph\":\"M\",\"name\":\"thread_name\"" + place(process, thread) +
        ",\"args\":{\"name\":" + json_string(name) + "}");
  event("\"ph\":\"M\",\"name\":\"thread_sort_index\"" + place(process, thread) +
        ",\"args\":{\"sort_index\":" + std::to_string(position) + "}");
}

void Trace::change_state(CoreIndex core, const char *state, Cycle cycle) {
  CoreTrack &track = cores_[static_cast<std::size_t>(core)];
  if (!track.named) {
    track.named = true;
    name_thread(kCores, state_thread(core), core_name_(core), state_thread(core));
  }
  if (track.state != nullptr && cycle > track.since) {
    event(slice(track.state, kCores, state_thread(core), track.since, cycle));
  }
  track.state = state;
  track.since = cycle;
}

void Trace::core_started(CoreIndex core, Cycle cycle) { change_state(core, "run", cycle); }
void Trace::core_sleeps(CoreIndex core, Cycle cycle) { change_state(core, "sleep", cycle); }
void Trace::core_wakes(CoreIndex core, Cycle cycle) { change_state(core, "run", cycle); }

void Trace::region_begins(CoreIndex core, Cycle cycle, const std::string &name) {
  CoreTrack &track = cores_[static_cast<std::size_t>(core)];
  const int thread = region_thread(core);
  if (!track.regions_named) {
    track.regions_named = true;
    name_thread(kCores, thread, core_name_(core) + " regions", thread);
  }
  track.regions.push_back(cycle);
  event("\"ph\":\"B\",\"name\":" + json_string(name) + place(kCores, thread) + number("ts", cycle));
}

void Trace::region_ends(CoreIndex core, Cycle cycle) {
  CoreTrack &track = cores_[static_cast<std::size_t>(core)];
  if (!track.regions.empty()) {
    track.regions.pop_back();
    event("\"ph\":\"E\"" + place(kCores, region_thread(core)) + number("ts", cycle));
  }
}

int Trace::lane(int group, const std::string &name, Cycle started, Cycle done) {
  std::vector<Cycle> &lanes = lanes_[static_cast<std::size_t>(group)];
  auto free = std::find_if(lanes.begin(), lanes.end(),
                           [&](Cycle busy_until) { return busy_until <= started; });
  const int index = static_cast<int>(free - lanes.begin());
  const int thread = group * kLaneStride + index + 1;
  if (free == lanes.end()) {
    lanes.push_back(done);
    name_thread(group < 2 ? kDma : kAccelerator, thread, name, thread);
  } else {
    *free = done;
  }
  return thread;
}

void Trace::dma_transfer(CoreIndex issuer, bool to_l1, std::uint32_t bytes, Cycle queued,
                         Cycle started, Cycle done) {
  const int thread = lane(to_l1 ? 0 : 1, to_l1 ? "to L1" : "from L1", started, done);
  event(slice(std::to_string(bytes) + " bytes", kDma, thread, started, done) +
        ",\"args\":{\"issuer\":" + json_string(core_name_(issuer)) + number("queued", queued) +
        "}");
}

void Trace::accelerator_job(const AcceleratorJob &job) {
  const int thread = lane(2, "jobs", job.started, job.done);
  event(slice(job.description, kAccelerator, thread, job.started, job.done) +
        ",\"args\":{\"triggered\":" + std::to_string(job.triggered) + "}");
}

void Trace::finish(Cycle now) {
  for (CoreIndex core = 0; core < kMaximumCores; ++core) {
    CoreTrack &track = cores_[static_cast<std::size_t>(core)];
    while (!track.regions.empty()) {
      region_ends(core, std::max(now, track.regions.back()));
    }
    if (track.state != nullptr) {
      change_state(core, nullptr, std::max(now, track.since));
    }
  }
  file_->write("\n]}\n");
}

}  // namespace tilewright::simulator
