#include "platforms/simulator/devices/console.h"

#include <cstdio>

namespace tilewright::simulator {

Response Console::load(CoreIndex, std::uint32_t, Cycle) { return loaded(0); }

Response Console::store(CoreIndex core, std::uint32_t offset, std::uint32_t value, Cycle) {
  const char byte = static_cast<char>(value);
  if (sink_ != nullptr) {
    sink_(context_, core, byte);
    return stored(false);
  }
  std::string &line = lines_[offset / 8];
  line += byte;
  if (byte == '\n' || line.size() >= kLongestLine) {
    write(&line);
    std::fflush(stdout);
  }
  return stored(false);
}

void Console::flush() {
  for (auto &[window, line] : lines_) {
    write(&line);
  }
  std::fflush(stdout);
}

void Console::write(std::string *line) {
  std::fwrite(line->data(), 1, line->size(), stdout);
  line->clear();
}

}  // namespace tilewright::simulator
