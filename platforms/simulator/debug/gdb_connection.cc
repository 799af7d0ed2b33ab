#include "platforms/simulator/debug/gdb_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tilewright::simulator {
namespace {

constexpr char kInterrupt = '\x03';
constexpr char kEscape = '}';
constexpr char kEscapeFlip = 0x20;
constexpr int kLingerMilliseconds = 1000;
constexpr std::size_t kMaximumInput = 4 * GdbConnection::kMaximumPacket;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

unsigned checksum(const std::string &bytes) {
  unsigned sum = 0;
  for (const char c : bytes) {
    sum += static_cast<unsigned char>(c);
  }
  return sum & 0xff;
}

std::string escape(const std::string &bytes) {
  std::string escaped;
  for (const char c : bytes) {
    if (c == '$' || c == '#' || c == kEscape || c == '*') {
      escaped += kEscape;
      escaped += static_cast<char>(c ^ kEscapeFlip);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string unescape(const std::string &bytes) {
  std::string plain;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == kEscape && i + 1 < bytes.size()) {
      plain += static_cast<char>(bytes[++i] ^ kEscapeFlip);
    } else {
      plain += bytes[i];
    }
  }
  return plain;
}

}  // namespace

std::string hex_encode(const void *bytes, std::size_t size) {
  std::string digits;
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned byte = static_cast<const unsigned char *>(bytes)[i];
    digits += "0123456789abcdef"[byte >> 4];
    digits += "0123456789abcdef"[byte & 15];
  }
  return digits;
}

std::string hex_number(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%x", value);
  return text;
}

std::string hex_byte(int value) {
  const auto byte = static_cast<unsigned char>(value);
  return hex_encode(&byte, 1);
}

bool hex_decode(const std::string &digits, std::string *bytes) {
  bytes->clear();
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    const int high = hex_digit(digits[i]);
    const int low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) {
      return false;
    }
    *bytes += static_cast<char>(high << 4 | low);
  }
  return digits.size() % 2 == 0;
}

GdbConnection::GdbConnection(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int on = 1;
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener_ < 0 || setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(listener_, reinterpret_cast<sockaddr *>(&address), size) != 0 ||
      listen(listener_, 1) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr *>(&address), &size) != 0) {
    const std::string reason = std::strerror(errno);
    if (listener_ >= 0) {
      close(listener_);
    }
    throw GdbConnectionError("port " + std::to_string(port) + " of localhost: " + reason);
  }
  port_ = ntohs(address.sin_port);
}

GdbConnection::~GdbConnection() {
  for (const int descriptor : {socket_, listener_}) {
    if (descriptor >= 0) {
      close(descriptor);
    }
  }
}

bool GdbConnection::accept() {
  do {
    socket_ = ::accept(listener_, nullptr, nullptr);
  } while (socket_ < 0 && errno == EINTR);
  const int on = 1;
  return socket_ >= 0 && setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
}

bool GdbConnection::fill(bool wait) {
  while (!ended_) {
    pollfd descriptor{socket_, POLLIN, 0};
    const int ready = poll(&descriptor, 1, wait ? -1 : 0);
    if (ready == 0) {
      return true;
    }
    char bytes[4096];
    const ssize_t count = ready < 0 ? -1 : recv(socket_, bytes, sizeof bytes, 0);
    if (count > 0) {
      input_.append(bytes, static_cast<std::size_t>(count));
      return true;
    }
    ended_ = count == 0 || errno != EINTR;
  }
  return false;
}

bool GdbConnection::receive(std::string *packet) {
  for (;;) {
    // What stands between packets: acknowledgements and interrupts.
    std::size_t begin = 0;
    while (begin < input_.size() && input_[begin] != '$' && input_[begin] != kInterrupt) {
      if (input_[begin] == '-' && acknowledge_ && !last_.empty()) {
        transmit(last_);
      }
      ++begin;
    }
    input_.erase(0, begin);
    if (!input_.empty() && input_[0] == kInterrupt) {
      input_.erase(0, 1);
      *packet = kInterrupt;
      return true;
    }
    const std::size_t end = input_.find('#');
    if (end != std::string::npos && end + 2 < input_.size()) {
      const std::string body = input_.substr(1, end - 1);
      const int high = hex_digit(input_[end + 1]);
      const int low = hex_digit(input_[end + 2]);
      input_.erase(0, end + 3);
      const bool correct =
          high >= 0 && low >= 0 && static_cast<unsigned>(high << 4 | low) == checksum(body);
      if (acknowledge_) {
        transmit(correct ? "+" : "-");
      }
      if (correct) {
        *packet = unescape(body);
        return true;
      }
      continue;
    }
    if (input_.size() > kMaximumInput) {
      input_.clear();  // no packet of ours
    }
    if (!fill(true)) {
      return false;
    }
  }
}

bool GdbConnection::interrupted() {
  if (!fill(false)) {
    return true;
  }
  const std::size_t at = input_.find(kInterrupt);
  if (at == std::string::npos || input_.find('$') < at) {
    return false;
  }
  input_.erase(0, at + 1);
  return true;
}

void GdbConnection::send(const std::string &packet) {
  const std::string body = escape(packet);
  const auto sum = static_cast<unsigned char>(checksum(body));
  last_ = "$" + body + "#" + hex_encode(&sum, 1);
  transmit(last_);
}

void GdbConnection::finish() {
  if (socket_ < 0 || ended_) {
    return;
  }
  shutdown(socket_, SHUT_WR);
  pollfd descriptor{socket_, POLLIN, 0};
  char bytes[4096];
  while (poll(&descriptor, 1, kLingerMilliseconds) > 0 &&
         recv(socket_, bytes, sizeof bytes, 0) > 0) {
  }
  ended_ = true;
}

void GdbConnection::transmit(const std::string &bytes) {
  for (std::size_t sent = 0; sent < bytes.size() && !ended_;) {
    const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else {
      ended_ = errno != EINTR;
    }
  }
}

}  // namespace tilewright::simulator
