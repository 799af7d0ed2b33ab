#include "platforms/simulator/debug/gdb_server.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "platforms/simulator/debug/fault_report.h"
#include "platforms/simulator/debug/gdb_registers.h"
#include "platforms/simulator/debug/statistics_report.h"

namespace tilewright::simulator {
namespace {

// gdb's numbers of signals (include/gdb/signals.def), which no host's need to equal.
constexpr int kSignalInterrupt = 2;
constexpr int kSignalIllegal = 4;
constexpr int kSignalTrap = 5;
constexpr int kSignalAbort = 6;
constexpr int kSignalBus = 10;
constexpr int kSignalSegment = 11;
constexpr int kSignalCycles = 24;  // SIGXCPU

// How often the debugger may interrupt.
constexpr Cycle kSlice = 200'000;
constexpr std::size_t kConsoleBytes = 1024;  // per packet
constexpr std::uint32_t kMaximumTransfer = GdbConnection::kMaximumPacket / 2 - 64;

constexpr const char *kErrorMalformed = "E01";
constexpr const char *kErrorMemory = "E0e";
constexpr const char *kErrorRegister = "E02";

int signal_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kIllegalInstruction:
      return kSignalIllegal;
    case FaultKind::kMisaligned:
    case FaultKind::kDevice:
      return kSignalBus;
    case FaultKind::kEnvironment:
      return kSignalTrap;
    case FaultKind::kDeadlock:
      return kSignalAbort;
    case FaultKind::kCycleLimit:
      return kSignalCycles;
    default:
      return kSignalSegment;
  }
}

std::string hex_number(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%x", value);
  return text;
}

std::string two_digits(int value) {
  const auto byte = static_cast<unsigned char>(value);
  return hex_encode(&byte, 1);
}

// Parses a hexadecimal number at `*at` and the separator after it, if there is one.
bool parse_hex(const std::string &text, std::size_t *at, std::uint32_t *value) {
  const std::size_t begin = *at;
  *value = 0;
  for (; *at < text.size() && std::isxdigit(static_cast<unsigned char>(text[*at])); ++*at) {
    *value = *value << 4 |
             static_cast<std::uint32_t>(std::strtoul(text.substr(*at, 1).c_str(), nullptr, 16));
  }
  const bool valid = *at > begin && *at - begin <= 8;
  *at += *at < text.size() ? 1 : 0;
  return valid;
}

bool parse_pair(const std::string &text, std::uint32_t *first, std::uint32_t *second) {
  std::size_t at = 0;
  return parse_hex(text, &at, first) && parse_hex(text, &at, second);
}

bool starts_with(const std::string &text, const char *start) { return text.rfind(start, 0) == 0; }

std::string after(const std::string &text, char separator) {
  const std::size_t at = text.find(separator);
  return at == std::string::npos ? "" : text.substr(at + 1);
}

}  // namespace

GdbServer::GdbServer(Machine *machine, const ElfFile *elf, Cycle limit, GdbConnection *connection)
    : machine_(machine),
      elf_(elf),
      limit_(limit),
      connection_(connection),
      current_(machine->cores() - 1) {
  for (CoreIndex core = 0; core < machine->cores(); ++core) {
    contexts_.push_back({this, core});
  }
  last_stop_ = stop(kSignalTrap, current_);
}

GdbServer::End GdbServer::serve() {
  std::string packet;
  while (!ended_) {
    if (!connection_->receive(&packet)) {
      return End::kKilled;
    }
    const std::string reply = answer(packet);
    if (packet != "k") {
      connection_->send(reply);
    }
    if (packet == "QStartNoAckMode") {
      connection_->turn_off_acknowledgements();
    }
  }
  connection_->finish();
  if (end_ == End::kDetached) {
    for (const std::set<Address> &addresses : {breakpoints_, removed_}) {
      for (const Address address : addresses) {
        machine_->code().clear_breakpoint(address);
      }
    }
  }
  return end_;
}

std::string GdbServer::answer(const std::string &packet) {
  const char kind = packet.empty() ? '\0' : packet[0];
  const std::string rest = packet.empty() ? "" : packet.substr(1);
  CoreIndex core = kNoCore;
  std::uint32_t number = 0;
  std::size_t at = 0;
  switch (kind) {
    case '\x03':
      return stop(kSignalInterrupt, current_);
    case '?':
      return last_stop_;
    case 'g':
      return read_registers();
    case 'G':
      return write_registers(rest);
    case 'p': {
      std::uint32_t value = 0;
      const bool known =
          parse_hex(rest, &at, &number) && read_register(&machine_->core(current_), number, &value);
      return known ? hex_encode(&value, sizeof value) : kErrorRegister;
    }
    case 'P': {
      std::string bytes;
      const bool valid = parse_hex(rest, &at, &number) && hex_decode(after(rest, '='), &bytes) &&
                         bytes.size() == sizeof(std::uint32_t);
      std::uint32_t value = 0;
      std::copy_n(bytes.data(), valid ? sizeof value : 0, reinterpret_cast<char *>(&value));
      return valid && write_register(&machine_->core(current_), number, value) ? "OK"
                                                                               : kErrorRegister;
    }
    case 'm':
      return read_memory(rest);
    case 'M': {
      std::string bytes;
      return hex_decode(after(rest, ':'), &bytes) ? write_memory(rest, bytes) : kErrorMalformed;
    }
    case 'X':
      return write_memory(rest, after(rest, ':'));
    case 'H':
      if (rest.empty() || !parse_thread(rest.substr(1), &core)) {
        return kErrorMalformed;
      }
      if (rest[0] == 'g') {
        current_ = core == kNoCore ? current_ : core;
      } else {
        to_step_ = core;
      }
      return "OK";
    case 'T':
      return parse_thread(rest, &core) && core != kNoCore ? "OK" : kErrorMalformed;
    case 'c':
    case 'C':
      return resume({{}, true});
    case 's':
    case 'S':
      return resume({{to_step_ == kNoCore ? current_ : to_step_}, false});
    case 'Z':
    case 'z':
      return answer_breakpoint(packet);
    case 'D':
      ended_ = true;
      end_ = End::kDetached;
      return "OK";
    case 'k':
      ended_ = true;
      end_ = End::kKilled;
      return "";
    default:
      return answer_query(packet);
  }
}

std::string GdbServer::answer_query(const std::string &packet) {
  if (starts_with(packet, "qSupported")) {
    return "PacketSize=" + hex_number(GdbConnection::kMaximumPacket) +
           ";qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+";
  }
  if (packet == "QStartNoAckMode") {
    return "OK";
  }
  if (packet == "vCont?") {
    return "vCont;c;C;s;S";
  }
  if (starts_with(packet, "vCont;")) {
    Resume actions;
    return parse_actions(packet.substr(6), &actions) ? resume(actions) : kErrorMalformed;
  }
  if (starts_with(packet, "vKill")) {
    ended_ = true;
    end_ = End::kKilled;
    return "OK";
  }
  if (packet == "qfThreadInfo") {
    std::string threads;
    for (CoreIndex core = 0; core < machine_->cores(); ++core) {
      threads += (threads.empty() ? "m" : ",") + hex_number(static_cast<std::uint32_t>(core + 1));
    }
    return threads;
  }
  if (packet == "qsThreadInfo") {
    return "l";
  }
  if (starts_with(packet, "qThreadExtraInfo,")) {
    CoreIndex core = kNoCore;
    if (!parse_thread(after(packet, ','), &core) || core == kNoCore) {
      return kErrorMalformed;
    }
    const std::string text = machine_->core_name(core) + ", " + core_state(core);
    return hex_encode(text.data(), text.size());
  }
  if (packet == "qC") {
    return "QC" + hex_number(static_cast<std::uint32_t>(current_ + 1));
  }
  if (starts_with(packet, "qAttached")) {
    return "1";  // gdb detaches at its end instead of killing
  }
  if (starts_with(packet, "qXfer:features:read:target.xml:")) {
    return answer_features(packet.substr(31));
  }
  if (starts_with(packet, "qRcmd,")) {
    std::string command;
    return hex_decode(after(packet, ','), &command) ? answer_monitor(command) : kErrorMalformed;
  }
  return "";  // not supported
}

std::string GdbServer::answer_features(const std::string &range) const {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  if (!parse_pair(range, &offset, &size)) {
    return kErrorMalformed;
  }
  const std::string text = target_description(machine_->core(machine_->cores() - 1));
  if (offset >= text.size()) {
    return "l";
  }
  const std::string part = text.substr(offset, std::min(size, kMaximumTransfer));
  return (offset + part.size() < text.size() ? "m" : "l") + part;
}

std::string GdbServer::answer_monitor(const std::string &command) {
  std::string text;
  if (command == "cycles") {
    text = std::to_string(machine_->cycles()) + "\n";
  } else if (command == "cores") {
    for (CoreIndex core = 0; core < machine_->cores(); ++core) {
      const Address pc = machine_->core(core).registers().pc;
      text += machine_->core_name(core) + ": " + core_state(core) + " at 0x" + hex_number(pc) +
              " " + elf_->describe(pc) + "\n";
    }
  } else if (command == "statistics") {
    text = report_statistics(machine_, {"debugger", 0, machine_->cycles()});
  } else {
    text =
        "monitor cycles      the current cycle\n"
        "monitor cores       what every core does\n"
        "monitor statistics  all counters as JSON\n";
  }
  say(text);
  return "OK";
}

std::string GdbServer::read_registers() {
  std::string text;
  for (unsigned i = 0; i < kGeneralRegisters; ++i) {
    std::uint32_t value = 0;
    read_register(&machine_->core(current_), i, &value);
    text += hex_encode(&value, sizeof value);
  }
  return text;
}

std::string GdbServer::write_registers(const std::string &digits) {
  std::string bytes;
  if (!hex_decode(digits, &bytes) || bytes.size() < kGeneralRegisters * sizeof(std::uint32_t)) {
    return kErrorMalformed;
  }
  for (unsigned i = 0; i < kGeneralRegisters; ++i) {
    std::uint32_t value = 0;
    std::copy_n(bytes.data() + i * sizeof value, sizeof value, reinterpret_cast<char *>(&value));
    write_register(&machine_->core(current_), i, value);
  }
  return "OK";
}

std::string GdbServer::read_memory(const std::string &range) const {
  std::uint32_t address = 0;
  std::uint32_t size = 0;
  if (!parse_pair(range, &address, &size)) {
    return kErrorMalformed;
  }
  std::string bytes(std::min(size, kMaximumTransfer), '\0');
  if (!bytes.empty() &&
      !machine_->bus().peek(address, bytes.data(), static_cast<std::uint32_t>(bytes.size()))) {
    // What there is up to the end of the memory.
    std::size_t readable = 0;
    while (readable < bytes.size() &&
           machine_->bus().peek(address + static_cast<Address>(readable), &bytes[readable], 1)) {
      ++readable;
    }
    if (readable == 0) {
      return kErrorMemory;
    }
    bytes.resize(readable);
  }
  return hex_encode(bytes.data(), bytes.size());
}

std::string GdbServer::write_memory(const std::string &range, const std::string &bytes) {
  std::uint32_t address = 0;
  std::uint32_t size = 0;
  if (!parse_pair(range, &address, &size) || size != bytes.size()) {
    return kErrorMalformed;
  }
  if (size == 0) {
    return "OK";
  }
  if (!machine_->bus().poke(address, bytes.data(), size)) {
    return kErrorMemory;
  }
  return "OK";
}

std::string GdbServer::answer_breakpoint(const std::string &packet) {
  std::uint32_t address = 0;
  std::uint32_t size = 0;
  if (packet.size() < 4 || !parse_pair(packet.substr(3), &address, &size)) {
    return kErrorMalformed;
  }
  const bool set = packet[0] == 'Z';
  if (packet[1] == '0' || packet[1] == '1') {
    if (!set) {
      if (breakpoints_.erase(address) != 0) {
        removed_.insert(address);
      }
      return "OK";
    }
    if (address % 2 != 0 || machine_->code().find(address) == nullptr) {
      return kErrorMemory;
    }
    removed_.erase(address);
    if (breakpoints_.insert(address).second) {
      machine_->code().set_breakpoint(address);
    }
    return "OK";
  }
  if (packet[1] == '2') {
    const auto found = std::find_if(watches_.begin(), watches_.end(), [&](const Watch &watch) {
      return watch.address == address && watch.content.size() == size;
    });
    if (!set) {
      if (found != watches_.end()) {
        watches_.erase(found);
      }
      return "OK";
    }
    std::string content(std::min(size, kMaximumTransfer), '\0');
    if (size == 0 || !machine_->bus().peek(address, content.data(), size)) {
      return kErrorMemory;
    }
    if (found == watches_.end()) {
      watches_.push_back({address, content});
    }
    return "OK";
  }
  return "";
}

bool GdbServer::parse_thread(const std::string &digits, CoreIndex *core) const {
  *core = kNoCore;
  if (digits == "-1" || digits == "0") {
    return true;
  }
  std::size_t at = 0;
  std::uint32_t thread = 0;
  if (!parse_hex(digits, &at, &thread) || thread > static_cast<std::uint32_t>(machine_->cores())) {
    return false;
  }
  *core = static_cast<CoreIndex>(thread) - 1;
  return true;
}

bool GdbServer::parse_actions(const std::string &actions, Resume *resume) const {
  std::set<CoreIndex> named;
  for (std::size_t begin = 0; begin < actions.size();) {
    const std::size_t end = std::min(actions.find(';', begin), actions.size());
    const std::string action = actions.substr(begin, end - begin);
    begin = end + 1;
    const std::string thread = after(action, ':');
    CoreIndex core = kNoCore;
    if (action.empty() || (!thread.empty() && !parse_thread(thread, &core))) {
      return false;
    }
    // The first action that names a core, or that is for all the others, is the core's.
    const bool step = action[0] == 's' || action[0] == 'S';
    if (!step && action[0] != 'c' && action[0] != 'C') {
      return false;
    }
    for (CoreIndex i = 0; i < machine_->cores(); ++i) {
      if ((core == kNoCore || core == i) && named.insert(i).second) {
        if (step) {
          resume->stepping.insert(i);
        } else {
          resume->others = true;
        }
      }
    }
  }
  return !named.empty();
}

std::string GdbServer::resume(const Resume &resume) {
  // A step of one core alone: gdb moves it over a breakpoint, which it has removed for that.
  if (resume.others) {
    for (const Address address : removed_) {
      machine_->code().clear_breakpoint(address);
    }
    removed_.clear();
  }
  stepping_ = resume.stepping;
  stepped_ = kNoCore;
  changed_ = nullptr;
  for (Watch &watch : watches_) {
    machine_->bus().peek(watch.address, watch.content.data(),
                         static_cast<std::uint32_t>(watch.content.size()));
  }
  for (CoreIndex i = 0; i < machine_->cores(); ++i) {
    const bool stepping = stepping_.count(i) != 0;
    Core &core = machine_->core(i);
    core.set_single_step(stepping || !watches_.empty(), after_instruction,
                         &contexts_[static_cast<std::size_t>(i)]);
    if (stepping) {
      core.step_over_breakpoint();
    }
  }
  return run();
}

void GdbServer::after_instruction(void *context) {
  const StepContext &step = *static_cast<const StepContext *>(context);
  GdbServer &server = *step.server;
  for (const Watch &watch : server.watches_) {
    if (server.changed_ == nullptr && server.watch_changed(watch)) {
      server.changed_ = &watch;
      server.changed_by_ = step.core;
    }
  }
  const bool stepping = server.stepping_.count(step.core) != 0;
  if (stepping && server.stepped_ == kNoCore) {
    server.stepped_ = step.core;
  }
  if (stepping || server.changed_ != nullptr) {
    server.machine_->scheduler().request_stop();
  }
}

bool GdbServer::watch_changed(const Watch &watch) const {
  std::string content(watch.content.size(), '\0');
  machine_->bus().peek(watch.address, content.data(), static_cast<std::uint32_t>(content.size()));
  return content != watch.content;
}

std::string GdbServer::run() {
  for (;;) {
    const Cycle now = machine_->scheduler().now();
    const Cycle until = limit_ - now > kSlice ? now + kSlice : limit_;
    try {
      switch (machine_->run(until)) {
        case StopReason::kExit:
          ended_ = true;
          end_ = End::kExit;
          std::fflush(stdout);
          return "W" + two_digits(machine_->exit_code());
        case StopReason::kRequested:
          if (machine_->breakpoint_hit() != nullptr) {
            return stop(kSignalTrap, machine_->breakpoint_hit()->core, "swbreak:;");
          }
          if (changed_ != nullptr) {
            return stop(kSignalTrap, changed_by_, "watch:" + hex_number(changed_->address) + ";");
          }
          return stop(kSignalTrap, stepped_ == kNoCore ? current_ : stepped_);
        case StopReason::kCycleLimit:
          if (until == limit_) {
            say(report_fault({FaultKind::kCycleLimit, kNoCore, 0, ""}, machine_, *elf_));
            return stop(signal_of(FaultKind::kCycleLimit), current_);
          }
          break;
      }
    } catch (const Fault &fault) {
      say(report_fault(fault, machine_, *elf_));
      return stop(signal_of(fault.kind), fault.core == kNoCore ? current_ : fault.core);
    }
    if (connection_->interrupted()) {
      return stop(kSignalInterrupt, current_);
    }
  }
}

std::string GdbServer::stop(int signal, CoreIndex core, const std::string &reason) {
  std::fflush(stdout);
  current_ = core;
  last_stop_ = "T" + two_digits(signal) + reason +
               "thread:" + hex_number(static_cast<std::uint32_t>(core + 1)) + ";";
  return last_stop_;
}

void GdbServer::say(const std::string &text) {
  for (std::size_t at = 0; at < text.size(); at += kConsoleBytes) {
    const std::string part = text.substr(at, kConsoleBytes);
    connection_->send("O" + hex_encode(part.data(), part.size()));
  }
}

std::string GdbServer::core_state(CoreIndex core) {
  const Core &one = machine_->core(core);
  if (one.statistics(machine_->scheduler().now()).started == kNever) {
    return "not started";
  }
  return one.asleep() ? "asleep" : "running";
}

}  // namespace tilewright::simulator
