// Prints what the simulator's YAML reader finds in documents, as JSON, for comparison with another
// reader: for each document of standard input, which NUL bytes separate, one line, of the form
// {"value": ...} or {"error": "..."}.

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "platforms/simulator/debug/json_writer.h"
#include "platforms/simulator/soc/yaml.h"

namespace tilewright::simulator {
namespace {

std::string render(const YamlValue &value) {
  char number[64];
  std::string text;
  switch (value.kind) {
    case YamlValue::Kind::kNull:
      return "null";
    case YamlValue::Kind::kBoolean:
      return value.integer != 0 ? "true" : "false";
    case YamlValue::Kind::kInteger:
      return std::to_string(value.integer);
    case YamlValue::Kind::kFraction:
      std::snprintf(number, sizeof number, "%.17g", value.fraction);
      // A fraction stays one in JSON.
      text = number;
      return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
    case YamlValue::Kind::kString:
      return json_string(value.text);
    case YamlValue::Kind::kList:
      for (const YamlValue &item : value.items) {
        text += (text.empty() ? "" : ",") + render(item);
      }
      return "[" + text + "]";
    case YamlValue::Kind::kMapping:
      for (const YamlEntry &entry : value.entries) {
        text += (text.empty() ? "" : ",") + json_string(entry.key) + ":" + render(entry.value);
      }
      return "{" + text + "}";
  }
  return text;
}

}  // namespace
}  // namespace tilewright::simulator

int main() {
  using namespace tilewright::simulator;
  const std::string all{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  for (std::size_t begin = 0; begin <= all.size();) {
    const std::size_t end = std::min(all.find('\0', begin), all.size());
    try {
      const YamlValue value = parse_yaml(all.substr(begin, end - begin), "document");
      std::cout << "{\"value\": " << render(value) << "}\n";
    } catch (const YamlError &error) {
      std::cout << "{\"error\": " << json_string(error.what()) << "}\n";
    }
    begin = end + 1;
  }
  return 0;
}
