#include "platforms/simulator/soc/yaml_scalar.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

namespace tilewright::simulator {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Number of characters of a plain decimal fraction or integer at the start of `text`: a sign,
// digits without leading zeros, optionally a fraction and with it an exponent that has a sign.
std::size_t number_length(const std::string &text, bool *fraction) {
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t first = at;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) {
      ++at;
    }
    return at - begin;
  };
  const std::size_t whole = digits();
  *fraction = false;
  if (whole == 0 || (whole > 1 && text[first] == '0')) {
    return 0;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    *fraction = true;
    if (digits() == 0) {
      return 0;
    }
    if (at + 1 < text.size() && (text[at] == 'e' || text[at] == 'E') &&
        (text[at + 1] == '+' || text[at + 1] == '-')) {
      at += 2;
      if (digits() == 0) {
        return 0;
      }
    }
  }
  return at;
}

// What speaks against plain text: some version of YAML reads it as something else.
std::string problem_with_string(const std::string &text) {
  std::string lower;
  bool only_word = true;  // letters and digits
  std::size_t letters = 0;
  for (const char c : text) {
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    only_word &= is_letter(c) || is_digit(c);
    letters += is_letter(c) ? 1 : 0;
  }
  for (const char *word : {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}) {
    if (lower == word) {
      return "'" + text + "': YAML's versions disagree on it; quote it, or write true or false";
    }
  }
  const char first = text.empty() ? '\0' : text[0];
  const bool like_number = is_digit(first);
  const bool number_with_exponent =
      letters == 1 && lower.find('e') != std::string::npos && lower.back() != 'e';
  const bool prefixed = first == '0' && lower.size() > 1 && is_letter(lower[1]);
  if (like_number && (!only_word || letters == 0 || number_with_exponent || prefixed)) {
    return "'" + text + "' is no supported number; if it is text, quote it";
  }
  const bool option = first == '-' && text.size() > 1 && is_letter(text[1]);
  if (!like_number && !is_letter(first) && first != '_' && first != '/' && !option) {
    return "'" + text + "' is not supported here; if it is text, quote it";
  }
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && std::strchr("_./+-,()=% ", c) == nullptr) {
      return "'" + text + "': quote text that contains '" + c + "'";
    }
  }
  return "";
}

}  // namespace

std::string read_quoted(const std::string &text, std::size_t *at, std::string *content) {
  const char quote = text[(*at)++];
  for (; *at < text.size(); ++*at) {
    const char c = text[*at];
    const char next = *at + 1 < text.size() ? text[*at + 1] : '\0';
    if (c == '\\' && quote == '"') {
      const char *escape = next == '\0' ? nullptr : std::strchr("\\\"nt", next);
      if (escape == nullptr) {
        return "supported escapes are \\\\, \\\", \\n and \\t";
      }
      *content += next == 'n' ? '\n' : next == 't' ? '\t' : next;
      ++*at;
    } else if (c == quote && quote == '\'' && next == quote) {
      *content += quote;
      ++*at;
    } else if (c == quote) {
      ++*at;
      return "";
    } else {
      *content += c;
    }
  }
  return std::string("the closing ") + quote + " is missing";
}

std::string read_plain(const std::string &text, YamlValue *value) {
  value->text = text;
  bool fraction = false;
  if (text == "null") {
    return "";
  }
  if (text == "true" || text == "false") {
    value->kind = YamlValue::Kind::kBoolean;
    value->integer = text == "true";
  } else if (text.rfind("0x", 0) == 0 && text.size() > 2 && text.size() <= 17 &&
             text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos) {
    value->kind = YamlValue::Kind::kInteger;
    value->integer = std::strtoll(text.c_str(), nullptr, 16);
    value->fraction = static_cast<double>(value->integer);
  } else if (!text.empty() && number_length(text, &fraction) == text.size() &&
             (fraction || text.size() <= 18)) {
    value->kind = fraction ? YamlValue::Kind::kFraction : YamlValue::Kind::kInteger;
    value->fraction = std::strtod(text.c_str(), nullptr);
    value->integer = fraction ? 0 : std::strtoll(text.c_str(), nullptr, 10);
  } else {
    value->kind = YamlValue::Kind::kString;
    return problem_with_string(text);
  }
  return "";
}

}  // namespace tilewright::simulator
