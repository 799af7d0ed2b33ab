// Packets of gdb's remote serial protocol over TCP ("Debugging with GDB", appendix E.1, E.10).
#ifndef PLATFORMS_SIMULATOR_DEBUG_GDB_CONNECTION_H_
#define PLATFORMS_SIMULATOR_DEBUG_GDB_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

namespace tilewright::simulator {

// A socket that could not be made.
class GdbConnectionError : public std::exception {
 public:
  explicit GdbConnectionError(std::string text) : text_(std::move(text)) {}
  const char *what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

std::string hex_encode(const void *bytes, std::size_t size);
std::string hex_number(std::uint32_t value);
std::string hex_byte(int value);  // two digits
// False: an odd number of digits, or other characters.
bool hex_decode(const std::string &digits, std::string *bytes);

// One debugger's connection. Checksums are verified, acknowledged, and packets repeated if the
// debugger asks for it, until it turns that off.
class GdbConnection {
 public:
  static constexpr std::size_t kMaximumPacket = 0x4000;

  // Listens on this port of localhost, or on any free one for 0. Throws GdbConnectionError.
  explicit GdbConnection(int port);
  ~GdbConnection();
  GdbConnection(const GdbConnection &) = delete;
  GdbConnection &operator=(const GdbConnection &) = delete;

  int port() const { return port_; }
  // Waits for the debugger. False: the wait failed.
  bool accept();

  // Waits for the next packet; its escaped characters are decoded. The packet "\x03" stands for
  // the interrupt character. False: the connection ended.
  bool receive(std::string *packet);
  // Whether the debugger asked to interrupt, or has gone; does not wait.
  bool interrupted();
  void send(const std::string &packet);
  // Sends no more, and waits a moment for the debugger to close its side.
  void finish();
  void turn_off_acknowledgements() { acknowledge_ = false; }

 private:
  // Reads what is there, after waiting for it if `wait`. False: the connection ended.
  bool fill(bool wait);
  void transmit(const std::string &bytes);

  int listener_ = -1;
  int socket_ = -1;
  int port_ = 0;
  bool acknowledge_ = true;
  bool ended_ = false;
  std::string input_;
  std::string last_;  // as sent, to repeat it
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_GDB_CONNECTION_H_
