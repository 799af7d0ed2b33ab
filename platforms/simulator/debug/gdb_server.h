// --gdb: a stub for gdb's remote serial protocol.
#ifndef PLATFORMS_SIMULATOR_DEBUG_GDB_SERVER_H_
#define PLATFORMS_SIMULATOR_DEBUG_GDB_SERVER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "platforms/simulator/debug/elf_file.h"
#include "platforms/simulator/debug/gdb_connection.h"
#include "platforms/simulator/soc/machine.h"

namespace tilewright::simulator {

// gdb's numbers of signals (include/gdb/signals.def), which no host's need to equal.
inline constexpr int kGdbInterrupt = 2;
inline constexpr int kGdbTrap = 5;

// Lets a debugger control a machine: every core is a thread (its number is the core's index + 1),
// and all of them stop together. Stepping one core lets time pass for all the others. Faults are
// signals, after which everything can be inspected. The machine must not run ahead, so that all
// cores stand at the same time.
class GdbServer {
 public:
  enum class End {
    kExit,      // the firmware's own
    kDetached,  // goes on without the debugger
    kKilled,    // by the debugger, or because it has gone
  };

  // Firmware that reaches `limit` is stopped by a signal.
  GdbServer(Machine *machine, const ElfFile *elf, Cycle limit, GdbConnection *connection);

  End serve();

 private:
  struct Watch {
    Address address;
    std::string content;
  };
  // What a debugger wants of the cores.
  struct Resume {
    std::set<CoreIndex> stepping;
    std::set<CoreIndex> continuing;
  };
  // Of the call after each instruction.
  struct StepContext {
    GdbServer *server;
    CoreIndex core;
  };

  // What a packet is answered with.
  std::string answer(const std::string &packet);
  std::string answer_query(const std::string &packet);
  std::string answer_breakpoint(const std::string &packet);
  std::string answer_features(const std::string &range) const;
  std::string answer_monitor(const std::string &command);
  std::string read_memory(const std::string &range) const;
  std::string write_memory(const std::string &range, const std::string &bytes);
  std::string read_registers();
  std::string write_registers(const std::string &digits);

  // False: malformed.
  bool parse_actions(const std::string &actions, Resume *resume) const;
  // -1 and 0, all and any thread, are kNoCore.
  bool parse_thread(const std::string &digits, CoreIndex *core) const;

  // Runs until something stops it; the answer is the stop's.
  std::string resume(const Resume &resume);
  std::string run();
  std::string run_on();
  // Whether a breakpoint ends the run. If not, the core goes on, or is held.
  bool stops(const BreakpointHit &hit);
  void release_held();
  std::string stop(int signal, CoreIndex core, const std::string &reason = "");
  void say(const std::string &text);  // in the debugger's console, while running
  std::string core_state(CoreIndex core);

  static void after_instruction(void *context);
  bool watch_changed(const Watch &watch) const;

  Machine *machine_;
  const ElfFile *elf_;
  Cycle limit_;
  GdbConnection *connection_;
  std::string last_stop_;
  CoreIndex current_;            // of register packets
  CoreIndex to_step_ = kNoCore;  // of `s`; kNoCore: the current one
  std::set<Address> breakpoints_;
  // Those with which all cores last went on. To move one core over a breakpoint gdb removes it,
  // lets only this core go on, and inserts it again. It stays for the others meanwhile, but gdb
  // takes no other core's stop then: they are held there. What gdb inserts for that core alone is
  // not for the others.
  std::set<Address> established_;
  std::vector<std::pair<AgentIndex, CoreIndex>> held_;
  // Where cores were stopped by a breakpoint: it does not stop them there again.
  std::map<CoreIndex, Address> reported_;
  std::vector<Watch> watches_;
  std::set<CoreIndex> all_cores_;
  std::vector<StepContext> contexts_;  // by core
  std::set<CoreIndex> stepping_;
  std::set<CoreIndex> resumed_;     // who was asked to go on; time passes for all
  CoreIndex arrived_ = kNoCore;     // that one, going on alone, stands at a breakpoint
  CoreIndex stepped_ = kNoCore;     // that one has done its step
  const Watch *changed_ = nullptr;  // that one saw a store
  CoreIndex changed_by_ = kNoCore;  // or who acted when it was noticed
  bool ended_ = false;
  End end_ = End::kKilled;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_DEBUG_GDB_SERVER_H_
