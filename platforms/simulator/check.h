// Checks for unit tests that are plain programs: report every failure, and fail at the end.
#ifndef PLATFORMS_SIMULATOR_CHECK_H_
#define PLATFORMS_SIMULATOR_CHECK_H_

#include <cstdio>
#include <sstream>
#include <string>

namespace tilewright::simulator::check {

inline int &failures() {
  static int count = 0;
  return count;
}

inline void fail(const char *file, int line, const std::string &text) {
  constexpr int kReported = 50;
  if (++failures() <= kReported) {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
  }
}

template <typename A, typename B>
void equal(const A &a, const B &b, const char *a_text, const char *b_text, const char *file,
           int line) {
  if (!(a == b)) {
    std::ostringstream text;
    text << a_text << " is " << a << ", not " << b_text << " = " << b;
    fail(file, line, text.str());
  }
}

// What main returns.
inline int result() {
  if (failures() != 0) {
    std::fprintf(stderr, "%d checks failed\n", failures());
  }
  return failures() == 0 ? 0 : 1;
}

}  // namespace tilewright::simulator::check

#define CHECK(condition)                                                               \
  do {                                                                                 \
    if (!(condition)) {                                                                \
      ::tilewright::simulator::check::fail(__FILE__, __LINE__, "not so: " #condition); \
    }                                                                                  \
  } while (false)

#define CHECK_EQUAL(a, b) \
  ::tilewright::simulator::check::equal((a), (b), #a, #b, __FILE__, __LINE__)

// The statement throws an exception of that type for which `condition` on `error` holds.
#define CHECK_THROWS(statement, type, condition)                                                \
  do {                                                                                          \
    bool thrown = false;                                                                        \
    try {                                                                                       \
      statement;                                                                                \
    } catch (const type &error) {                                                               \
      thrown = true;                                                                            \
      CHECK(condition);                                                                         \
    }                                                                                           \
    if (!thrown) {                                                                              \
      ::tilewright::simulator::check::fail(__FILE__, __LINE__, #statement " throws no " #type); \
    }                                                                                           \
  } while (false)

#endif  // PLATFORMS_SIMULATOR_CHECK_H_
