#include "platforms/simulator/soc/yaml.h"

#include <cctype>
#include <cstring>

#include "platforms/simulator/soc/yaml_scalar.h"

namespace tilewright::simulator {
namespace {

constexpr int kMaximumDepth = 32;

struct Line {
  int number;
  std::size_t indentation;
  std::string text;  // without indentation, comment and trailing blanks
};

class Parser {
 public:
  Parser(const std::string &document, const std::string &name) : name_(name) { split(document); }

  YamlValue document() {
    if (lines_.empty()) {
      return YamlValue();
    }
    YamlValue value = block(lines_[0].indentation, 0);
    if (at_ < lines_.size()) {
      fail(lines_[at_].number, "indentation does not fit the lines above");
    }
    return value;
  }

 private:
  [[noreturn]] void fail(int line, const std::string &what) const {
    throw YamlError(name_ + ":" + std::to_string(line) + ": " + what);
  }

  void split(const std::string &document) {
    int number = 0;
    for (std::size_t begin = 0; begin < document.size();) {
      std::size_t end = document.find('\n', begin);
      end = end == std::string::npos ? document.size() : end;
      std::string text = document.substr(begin, end - begin);
      begin = end + 1;
      ++number;
      for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          fail(number, "tab or control character; indent with spaces");
        }
      }
      text.resize(comment_begin(text));
      text.resize(text.find_last_not_of(' ') + 1);
      const std::size_t indentation = text.find_first_not_of(' ');
      if (indentation == std::string::npos) {
        continue;
      }
      text.erase(0, indentation);
      if (text.rfind("---", 0) == 0 || text.rfind("...", 0) == 0 || text[0] == '%') {
        fail(number, "'" + text + "': only single documents without markers are supported");
      }
      lines_.push_back({number, indentation, text});
    }
  }

  // A comment begins with # at the start or after a blank, outside of quotes.
  static std::size_t comment_begin(const std::string &text) {
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char previous = i == 0 ? ' ' : text[i - 1];
      if (quote != 0) {
        if (quote == '"' && text[i] == '\\') {
          ++i;
        } else if (text[i] == quote) {
          quote = 0;
        }
      } else if ((text[i] == '"' || text[i] == '\'') && std::strchr(" [{,", previous) != nullptr) {
        quote = text[i];
      } else if (text[i] == '#' && previous == ' ') {
        return i;
      }
    }
    return text.size();
  }

  // The lists and mappings of lines indented by exactly `indentation`.
  YamlValue block(std::size_t indentation, int depth) {
    check_depth(lines_[at_].number, depth);
    YamlValue value;
    value.line = lines_[at_].number;
    value.kind = is_item(lines_[at_]) ? YamlValue::Kind::kList : YamlValue::Kind::kMapping;
    while (at_ < lines_.size() && lines_[at_].indentation == indentation) {
      if (is_item(lines_[at_]) != (value.kind == YamlValue::Kind::kList)) {
        if (value.kind == YamlValue::Kind::kList) {
          break;  // a list in a mapping needs no indentation of its own
        }
        fail(lines_[at_].number, "a list item among the keys of a mapping");
      }
      if (value.kind == YamlValue::Kind::kList) {
        value.items.push_back(item(indentation, depth));
      } else {
        entry(&value, indentation, depth);
      }
    }
    if (at_ < lines_.size() && lines_[at_].indentation > indentation) {
      fail(lines_[at_].number, "indented more than the lines above it");
    }
    return value;
  }

  static bool is_item(const Line &line) {
    return line.text[0] == '-' && (line.text.size() == 1 || line.text[1] == ' ');
  }

  YamlValue item(std::size_t indentation, int depth) {
    Line &line = lines_[at_];
    const std::size_t begin = line.text.find_first_not_of(' ', 1);
    if (begin == std::string::npos) {
      ++at_;
      return nested(line.number, indentation + 1, depth);
    }
    std::string rest = line.text.substr(begin);
    std::size_t after = 0;
    std::string key;
    if (rest[0] == '-' && (rest.size() == 1 || rest[1] == ' ')) {
      fail(line.number, "a list directly in a list; write it as [..]");
    }
    if (rest[0] != '[' && rest[0] != '{' && read_key(rest, line.number, &key, &after)) {
      // A mapping that begins on the line of its dash.
      line.indentation = indentation + begin;
      line.text = rest;
      return block(line.indentation, depth + 1);
    }
    ++at_;
    return inline_value(rest, line.number, depth);
  }

  void entry(YamlValue *mapping, std::size_t indentation, int depth) {
    const Line line = lines_[at_];
    std::size_t after = 0;
    YamlEntry entry;
    if (!read_key(line.text, line.number, &entry.key, &after)) {
      fail(line.number, "'" + line.text + "' is not 'key: value'");
    }
    add_key(*mapping, entry.key, line.number);
    ++at_;
    const std::size_t begin = line.text.find_first_not_of(' ', after);
    if (begin != std::string::npos) {
      entry.value = inline_value(line.text.substr(begin), line.number, depth);
    } else if (at_ < lines_.size() && lines_[at_].indentation == indentation &&
               is_item(lines_[at_])) {
      entry.value = block(indentation, depth + 1);
    } else {
      entry.value = nested(line.number, indentation + 1, depth);
    }
    mapping->entries.push_back(std::move(entry));
  }

  // The block on the following lines, if they are indented at least by `indentation`; else null.
  YamlValue nested(int line, std::size_t indentation, int depth) {
    if (at_ < lines_.size() && lines_[at_].indentation >= indentation) {
      return block(lines_[at_].indentation, depth + 1);
    }
    YamlValue value;
    value.line = line;
    return value;
  }

  // Reads "key:" followed by a blank or the end. False: the text does not start like that.
  bool read_key(const std::string &text, int line, std::string *key, std::size_t *after) const {
    std::size_t end = 0;
    if (text[0] == '"' || text[0] == '\'') {
      *key = quoted(text, &end, line);
    } else {
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
                                   std::strchr("_-.", text[end]) != nullptr)) {
        ++end;
      }
      *key = text.substr(0, end);
    }
    if (end == 0 || end >= text.size() || text[end] != ':' ||
        (end + 1 < text.size() && text[end + 1] != ' ')) {
      return false;
    }
    if (text[0] != '"' && text[0] != '\'' && plain(*key, line).kind != YamlValue::Kind::kString) {
      fail(line, "the key '" + *key + "' is not a string; quote it");
    }
    *after = end + 1;
    return true;
  }

  void add_key(const YamlValue &mapping, const std::string &key, int line) const {
    if (mapping.find(key) != nullptr) {
      fail(line, "'" + key + "' is there twice; first in line " +
                     std::to_string(mapping.find(key)->line));
    }
  }

  // A flow collection or scalar that fills the rest of a line.
  YamlValue inline_value(const std::string &text, int line, int depth) const {
    if (text[0] == '[' || text[0] == '{' || text[0] == '"' || text[0] == '\'') {
      std::size_t at = 0;
      YamlValue value = flow(text, &at, line, depth + 1);
      if (at < text.size()) {
        fail(line, "'" + text.substr(at) + "' after the end of a value");
      }
      return value;
    }
    return plain(text, line);
  }

  YamlValue flow(const std::string &text, std::size_t *at, int line, int depth) const {
    check_depth(line, depth);
    YamlValue value;
    value.line = line;
    const char open = text[*at];
    if (open == '"' || open == '\'') {
      value.kind = YamlValue::Kind::kString;
      value.text = quoted(text, at, line);
      return value;
    }
    if (open != '[' && open != '{') {
      std::size_t end = text.find_first_of(",[]{}", *at);
      end = end == std::string::npos ? text.size() : end;
      std::string scalar = text.substr(*at, end - *at);
      scalar.resize(scalar.find_last_not_of(' ') + 1);
      *at = end;
      return plain(scalar, line);
    }
    const char close = open == '[' ? ']' : '}';
    value.kind = open == '[' ? YamlValue::Kind::kList : YamlValue::Kind::kMapping;
    ++*at;
    for (skip(text, at); *at < text.size() && text[*at] != close; skip(text, at)) {
      YamlEntry entry;
      if (open == '{') {
        std::size_t after = 0;
        if (!read_key(text.substr(*at), line, &entry.key, &after)) {
          fail(line, "'" + text.substr(*at) + "' is not 'key: value'");
        }
        add_key(value, entry.key, line);
        *at += after;
        skip(text, at);
      }
      if (*at < text.size() && text[*at] != ',' && text[*at] != close) {
        entry.value = flow(text, at, line, depth + 1);
      } else if (open == '[') {
        fail(line, "a list item is missing");
      }
      entry.value.line = line;
      if (open == '[') {
        value.items.push_back(std::move(entry.value));
      } else {
        value.entries.push_back(std::move(entry));
      }
      skip(text, at);
      if (*at < text.size() && text[*at] == ',') {
        ++*at;
      } else if (*at < text.size() && text[*at] != close) {
        fail(line, "'" + text.substr(*at) + "' where ',' or '" + close + "' should be");
      }
    }
    if (*at >= text.size()) {
      fail(line, std::string("'") + close + "' is missing; it must be on the same line");
    }
    ++*at;
    skip(text, at);
    return value;
  }

  static void skip(const std::string &text, std::size_t *at) {
    while (*at < text.size() && text[*at] == ' ') {
      ++*at;
    }
  }

  std::string quoted(const std::string &text, std::size_t *at, int line) const {
    std::string content;
    const std::string problem = read_quoted(text, at, &content);
    if (!problem.empty()) {
      fail(line, problem);
    }
    return content;
  }

  YamlValue plain(const std::string &text, int line) const {
    YamlValue value;
    value.line = line;
    const std::string problem = read_plain(text, &value);
    if (!problem.empty()) {
      fail(line, problem);
    }
    return value;
  }

  void check_depth(int line, int depth) const {
    if (depth > kMaximumDepth) {
      fail(line, "nested more than " + std::to_string(kMaximumDepth) + " deep");
    }
  }

  std::string name_;
  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

}  // namespace

const YamlValue *YamlValue::find(const std::string &key) const {
  for (const YamlEntry &entry : entries) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

YamlValue parse_yaml(const std::string &document, const std::string &name) {
  return Parser(document, name).document();
}

}  // namespace tilewright::simulator
