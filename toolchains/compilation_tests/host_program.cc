// Exercises what a static C++17 program takes from libc++, libc++abi, libunwind and musl.

#include <atomic>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

namespace {

int failures = 0;

void check(bool passed, std::string_view what) {
  std::cout << (passed ? "passed: " : "FAILED: ") << what << '\n';
  if (!passed) {
    ++failures;
  }
}

struct Destructor {
  explicit Destructor(int &calls) : calls_(calls) {}
  ~Destructor() { ++calls_; }
  int &calls_;
};

void throw_through_frame(int &destructor_calls) {
  Destructor destructor(destructor_calls);
  throw std::out_of_range("thrown");
}

void check_exceptions() {
  int destructor_calls = 0;
  std::string caught;
  try {
    throw_through_frame(destructor_calls);
  } catch (const std::logic_error &error) {
    caught = error.what();
  }
  check(caught == "thrown", "an exception is caught by its base class");
  check(destructor_calls == 1, "unwinding runs destructors");

  try {
    std::get<int>(std::variant<int, std::string>("text"));
    check(false, "a library function throws");
  } catch (const std::bad_variant_access &) {
    check(true, "a library function throws");
  }
}

void check_threads() {
  std::atomic<int> sum{0};
  std::vector<std::thread> threads;
  for (int i = 1; i <= 8; ++i) {
    threads.emplace_back([&sum, i] {
      // More than musl's default stack of a thread.
      volatile char stack[1 << 20];
      stack[0] = static_cast<char>(i);
      stack[sizeof stack - 1] = stack[0];
      sum += stack[sizeof stack - 1];
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  check(sum == 36, "eight threads with 1 MiB of stack each");

  thread_local int counter = 1;
  std::thread([] { counter = 2; }).join();
  check(counter == 1, "thread-local variables are separate");
}

void check_streams() {
  std::map<std::string, double> values{{"half", 0.5}, {"third", 1.0 / 3.0}};
  std::ostringstream text;
  text.precision(17);
  for (const auto &[name, value] : values) {
    text << name << '=' << value << ' ';
  }
  check(text.str() == "half=0.5 third=0.33333333333333331 ", "formatted output");
  check(std::stod("0x1.8p1") == 3.0, "hexadecimal floats are read");
}

void check_arithmetic() {
  // The square of 1 + 2^-27 is 1 + 2^-26 + 2^-54: the last term does not fit into a double.
  volatile double value = 1.0 + std::ldexp(1.0, -27);
  const double factor = value;
  const double product = factor * factor;
  check(std::fma(factor, factor, -product) == std::ldexp(1.0, -54), "fma keeps all bits");
}

}  // namespace

int main() {
  check_exceptions();
  check_threads();
  check_streams();
  check_arithmetic();
  check(std::filesystem::exists("."), "the file system library");
  check(dynamic_cast<std::ostream *>(static_cast<std::ios *>(&std::cout)) != nullptr,
        "run-time type information");
  return failures == 0 ? 0 : 1;
}
