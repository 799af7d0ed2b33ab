// The console: every core's byte-wide window through which it writes text.
#ifndef PLATFORMS_SIMULATOR_DEVICES_CONSOLE_H_
#define PLATFORMS_SIMULATOR_DEVICES_CONSOLE_H_

#include <cstdint>
#include <map>
#include <string>

#include "platforms/simulator/devices/device.h"

namespace tilewright::simulator {

// Window of a core: 8 bytes at core * 8 + cluster * 128, in which a store's low byte is a
// character.
class Console : public Device {
 public:
  using Sink = void (*)(void *context, CoreIndex core, char byte);

  // A sink receives bytes as they are written. Without one they go to standard output line by
  // line, so that the lines of cores that write at the same time stay whole.
  void set_sink(Sink sink, void *context) {
    sink_ = sink;
    context_ = context;
  }

  Response load(CoreIndex core, std::uint32_t offset, Cycle now) override;
  Response store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle now) override;
  bool byte_accesses() const override { return true; }

  // Writes lines that have no end yet.
  void flush();

 private:
  static constexpr std::size_t kLongestLine = 4096;

  void write(std::string *line);

  Sink sink_ = nullptr;
  void *context_ = nullptr;
  std::map<std::uint32_t, std::string> lines_;  // by window
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEVICES_CONSOLE_H_
