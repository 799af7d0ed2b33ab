// A file that is written while the simulation runs.
#ifndef PLATFORMS_SIMULATOR_DEBUG_OUTPUT_FILE_H_
#define PLATFORMS_SIMULATOR_DEBUG_OUTPUT_FILE_H_

#include <cstdio>
#include <string>

namespace tilewright::simulator {

class OutputFile {
 public:
  explicit OutputFile(std::string path)
      : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")), valid_(file_ != nullptr) {}
  ~OutputFile() { close(); }
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  const std::string &path() const { return path_; }
  // False: it could not be opened, or something could not be written.
  bool valid() const { return valid_; }
  void write(const std::string &text) {
    valid_ = valid_ && std::fwrite(text.data(), 1, text.size(), file_) == text.size();
  }
  // As if it had never been opened.
  void discard() {
    close();
    std::remove(path_.c_str());
  }
  void close() {
    if (file_ != nullptr) {
      const bool closed = std::fclose(file_) == 0;
      valid_ = valid_ && closed;
      file_ = nullptr;
    }
  }

 private:
  std::string path_;
  std::FILE *file_;
  bool valid_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_OUTPUT_FILE_H_
