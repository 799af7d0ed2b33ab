#include "platforms/simulator/debug/json_writer.h"

#include <cstdio>

namespace tilewright::simulator {

std::string json_string(const std::string &text) {
  std::string rendered = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      rendered += '\\';
      rendered += c;
    } else if (code < 0x20 || code >= 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", code);
      rendered += escape;
    } else {
      rendered += c;
    }
  }
  return rendered + '"';
}

void JsonWriter::value(const std::string &key, double number) {
  char rendered[32];
  std::snprintf(rendered, sizeof rendered, "%.6g", number);
  item(key, rendered);
}

void JsonWriter::value(const std::string &key, const std::vector<std::uint64_t> &numbers) {
  std::string rendered;
  for (const std::uint64_t number : numbers) {
    rendered += (rendered.empty() ? "" : ", ") + std::to_string(number);
  }
  item(key, "[" + rendered + "]");
}

void JsonWriter::item(const std::string &key, const std::string &rendered) {
  if (!text_.empty()) {
    text_ += (first_ ? "\n" : ",\n") + indentation_;
  }
  text_ += (key.empty() ? "" : json_string(key) + ": ") + rendered;
  first_ = false;
}

void JsonWriter::begin(const std::string &key, char bracket) {
  item(key, std::string(1, bracket));
  indentation_ += "  ";
  first_ = true;
}

void JsonWriter::end(char bracket) {
  indentation_.resize(indentation_.size() - 2);
  if (!first_) {
    text_ += "\n" + indentation_;
  }
  text_ += bracket;
  first_ = false;
}

}  // namespace tilewright::simulator
