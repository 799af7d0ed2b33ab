// The subset of YAML in which soc.yaml is written.
//
// Block mappings and lists by indentation, flow mappings and lists on one line, comments, and
// scalars: null, true, false, decimal and 0x integers, decimal fractions, plain and quoted strings
// on one line. Whatever else YAML has, or what its versions read differently (`no`, 010, 1e3,
// dates), is an error: what is accepted means the same to every YAML reader.
#ifndef PLATFORMS_SIMULATOR_SOC_YAML_H_
#define PLATFORMS_SIMULATOR_SOC_YAML_H_

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace tilewright::simulator {

struct YamlEntry;

struct YamlValue {
  enum class Kind { kNull, kBoolean, kInteger, kFraction, kString, kList, kMapping };

  Kind kind = Kind::kNull;
  int line = 0;              // where it starts, from 1
  std::int64_t integer = 0;  // of kInteger, and 0 or 1 of kBoolean
  double fraction = 0;       // of kFraction and kInteger
  std::string text;          // of scalars: as written, without quotes
  std::vector<YamlValue> items;
  std::vector<YamlEntry> entries;  // in the order of the file; keys are unique

  // The value of a mapping's key, or null.
  const YamlValue *find(const std::string &key) const;
};

struct YamlEntry {
  std::string key;
  YamlValue value;
};

// `what()` is "<name>:<line>: <what was found>".
class YamlError : public std::exception {
 public:
  explicit YamlError(std::string text) : text_(std::move(text)) {}
  const char *what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// Parses a document; an empty one is null. `name` is for messages. Throws YamlError.
YamlValue parse_yaml(const std::string &document, const std::string &name);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_YAML_H_
