// JSON, written as it comes: one line per member, keys in the order of the calls.
#ifndef PLATFORMS_SIMULATOR_DEBUG_JSON_WRITER_H_
#define PLATFORMS_SIMULATOR_DEBUG_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tilewright::simulator {

// The text as a JSON string, quotes included. Bytes that are no ASCII become their code points.
std::string json_string(const std::string &text);

class JsonWriter {
 public:
  // Of an object's members `key` is the name; of a list's items and the document it is empty.
  void begin_object(const std::string &key = "") { begin(key, '{'); }
  void end_object() { end('}'); }
  void begin_list(const std::string &key = "") { begin(key, '['); }
  void end_list() { end(']'); }
  void value(const std::string &key, std::uint64_t number) { item(key, std::to_string(number)); }
  void value(const std::string &key, int number) { item(key, std::to_string(number)); }
  // With six significant digits.
  void value(const std::string &key, double number);
  void value(const std::string &key, const std::string &text) { item(key, json_string(text)); }
  void value(const std::string &key, const char *text) { item(key, json_string(text)); }
  // A list on one line.
  void value(const std::string &key, const std::vector<std::uint64_t> &numbers);

  // The document, once all is ended.
  std::string text() const { return text_ + "\n"; }

 private:
  void begin(const std::string &key, char bracket);
  void end(char bracket);
  void item(const std::string &key, const std::string &rendered);

  std::string text_;
  std::string indentation_;
  bool first_ = true;  // of its object or list
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_JSON_WRITER_H_
