"""The simulator under a debugger: breakpoints, steps, registers and memory of every core."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.simulator.debug import cluster_program
from tests.simulator.debug.gdb_client import FIRST_FLOAT, PROGRAM_COUNTER, GdbClient, Stop
from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.execute import EXIT_FAULT
from tests.simulator.harness.targets import siracusa
from tools.elf.elf_file import ElfFile

FABRIC_CONTROLLER = 10
"""Its thread; core i's is i + 1."""
CORES = range(8)
TRAP = 5
INTERRUPT = 2

STRAIGHT = """
.text
.globl _start
_start:
    li a0, 1
    addi a0, a0, 1
    fmv.w.x fa0, a0
    li a1, 0x10000100
loop:
    addi a0, a0, 1
    sw a0, 0(a1)
    li a2, 50
    blt a0, a2, loop
    li t0, TW_EXIT
    li t1, 0x80000000
    add t1, t1, a0
    sw t1, 0(t0)
end:
    j end
"""

FOREVER = """
.text
.globl _start
_start:
    la s0, counter
loop:
    lw s1, 0(s0)
    addi s1, s1, 1
    sw s1, 0(s0)
    j loop
.data
counter: .word 0
"""


@pytest.fixture(scope="module", name="straight")
def fixture_straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assemble(STRAIGHT, siracusa(), tmp_path_factory.mktemp("straight"))


@pytest.fixture(scope="module", name="cluster")
def fixture_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assemble(cluster_program.PROGRAM, siracusa(), tmp_path_factory.mktemp("cluster"))


def address(elf: Path, name: str) -> int:
    return ElfFile(elf).symbol(name).address


def test_runs_to_its_end(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        assert gdb.go() == Stop(exit_code=50)
        assert gdb.wait() == 50
        assert "target remote localhost:" in gdb.messages or gdb.messages == ""


def test_registers(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        start = address(straight, "_start")
        numbers = gdb.register_numbers()
        assert (numbers["a0"], numbers["pc"], numbers["fa0"]) == (10, 32, 43)
        assert gdb.register(PROGRAM_COUNTER) == start
        for _ in range(4):
            assert gdb.go(f"s:{FABRIC_CONTROLLER:x};c").signal == TRAP
        values = gdb.registers()
        assert len(values) == 65
        assert values[10] == 2 and values[FIRST_FLOAT + 10] == 2
        gdb.set_register(10, 40)
        gdb.set_register(0, 1)
        assert gdb.register(10) == 40 and gdb.register(0) == 0
        values[FIRST_FLOAT + 3] = 0x3FC00000
        values[20] = 0xDEADBEEF
        values[10] = 40
        gdb.set_registers(values)
        assert gdb.register(FIRST_FLOAT + 3) == 0x3FC00000 and gdb.register(20) == 0xDEADBEEF
        # The hart's id: cluster 31, core 0.
        assert gdb.register(numbers["mhartid"]) == 31 << 5
        assert gdb.ask("p9999") == "E02"
        assert gdb.go().exit_code == 50


def test_program_counter_can_be_set(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        gdb.set_register(PROGRAM_COUNTER, address(straight, "loop"))
        gdb.set_register(10, 48)
        gdb.set_register(11, 0x10000100)
        gdb.go("s:a;c")
        assert gdb.register(10) == 49
        assert gdb.go().exit_code == 50


def test_every_step_is_one_instruction(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        counters = [gdb.register(PROGRAM_COUNTER)]
        for _ in range(9):
            assert gdb.go(f"s:{FABRIC_CONTROLLER:x}").signal == TRAP
            counters.append(gdb.register(PROGRAM_COUNTER))
        start = counters[0]
        # c.li, c.addi, fmv, lui, addi, then the loop of c.addi, sw, li, blt.
        assert [counter - start for counter in counters] == [0, 2, 4, 8, 12, 16, 18, 20, 24, 16]


def test_breakpoints(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        loop = address(straight, "loop")
        gdb.set_breakpoint(loop)
        for expected in range(2, 12):
            stop = gdb.go()
            assert stop == Stop(TRAP, FABRIC_CONTROLLER, {"swbreak": ""})
            assert gdb.register(PROGRAM_COUNTER) == loop
            assert gdb.register(10) == expected
        gdb.clear_breakpoint(loop)
        assert gdb.go().exit_code == 50


def test_hardware_breakpoint(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        gdb.set_breakpoint(address(straight, "end") - 4, kind="1")
        assert gdb.go().signal == TRAP
        assert gdb.register(10) == 50
        assert gdb.ask("Z0,30000000,2").startswith("E")
        assert gdb.ask("Z3,10000100,4") == ""
        assert gdb.go().exit_code == 50


def test_memory(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        gdb.set_memory(0x10000200, bytes(range(64)))
        assert gdb.memory(0x10000200, 64) == bytes(range(64))
        assert gdb.memory(0x10000201, 3) == b"\x01\x02\x03"
        data = bytes([0x7D, 0x23, 0x24, 0x2A, 0, 255])
        escaped = b"".join(bytes([0x7D, b ^ 0x20]) if b in b"}#$*" else bytes([b]) for b in data)
        assert gdb.ask(b"X10400010,6:" + escaped) == "OK"
        assert gdb.memory(0x10400010, 6) == data
        code = gdb.memory(address(straight, "_start"), 8)
        assert code in straight.read_bytes()
        assert gdb.ask("m30000000,4").startswith("E")
        assert gdb.ask("M30000000,1:00").startswith("E")
        # As far as the memory goes.
        assert len(gdb.memory(0x1003FFFC, 16)) == 4


def test_code_can_be_changed(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        loop = address(straight, "loop")
        gdb.set_breakpoint(loop)
        gdb.go()
        # c.addi a0, 1 becomes c.addi a0, 12.
        gdb.set_memory(loop, struct.pack("<H", 0x0531))
        gdb.clear_breakpoint(loop)
        assert gdb.go().exit_code == 50


def test_watchpoint(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        assert gdb.ask("Z2,10000100,4") == "OK"
        for expected in (3, 4, 5):
            stop = gdb.go()
            assert stop == Stop(TRAP, FABRIC_CONTROLLER, {"watch": "10000100"})
            assert gdb.memory(0x10000100, 4) == struct.pack("<I", expected)
        assert gdb.ask("z2,10000100,4") == "OK"
        assert gdb.go().exit_code == 50


def test_threads_are_cores(cluster: Path) -> None:
    with GdbClient(cluster) as gdb:
        threads = gdb.threads()
        assert threads[FABRIC_CONTROLLER] == "fabric controller, running"
        assert [threads[core + 1] for core in CORES] == [
            f"core {core}, not started" for core in CORES
        ]
        assert gdb.ask("T3") == "OK"
        assert gdb.ask("T30").startswith("E")
        gdb.set_breakpoint(address(cluster, "accelerate"))
        assert gdb.go() == Stop(TRAP, 1, {"swbreak": ""})
        threads = gdb.threads()
        assert threads[1] == "core 0, running"
        # The others wait at the barrier.
        assert all(threads[core + 1] == f"core {core}, asleep" for core in CORES[1:])
        assert "core 5: asleep at 0x" in gdb.monitor("cores")
        assert int(gdb.monitor("cycles")) > 100
        assert '"bank_conflicts"' in gdb.monitor("statistics")
        assert "monitor cycles" in gdb.monitor("what?")
        for core in CORES:
            gdb.select(core + 1)
            numbers = gdb.register_numbers()
            assert gdb.register(numbers["mhartid"]) == core
            # s2 holds it, too.
            assert gdb.register(18) == core


def test_every_core_stops_at_a_breakpoint(cluster: Path) -> None:
    with GdbClient(cluster) as gdb:
        on_core = address(cluster, "on_core")
        gdb.set_breakpoint(on_core)
        stopped = [gdb.go().thread for _ in CORES]
        assert sorted(stopped) == [core + 1 for core in CORES]
        gdb.clear_breakpoint(on_core)
        assert gdb.go().exit_code == cluster_program.EXIT_CODE


def test_no_core_slips_through_while_another_is_stepped(cluster: Path) -> None:
    with GdbClient(cluster) as gdb:
        on_core = address(cluster, "on_core")
        gdb.set_breakpoint(on_core)
        stopped = [gdb.go().thread]
        for _ in CORES[1:]:
            # As gdb does it: remove the breakpoint, step this core alone, insert it again.
            gdb.clear_breakpoint(on_core)
            assert gdb.go(f"s:{stopped[-1]:x}") == Stop(TRAP, stopped[-1])
            assert gdb.register(PROGRAM_COUNTER) == on_core + 4
            gdb.set_breakpoint(on_core)
            stop = gdb.go()
            assert stop.reasons == {"swbreak": ""}
            stopped.append(stop.thread)
        assert sorted(stopped) == [core + 1 for core in CORES]
        gdb.clear_breakpoint(on_core)
        assert gdb.go().exit_code == cluster_program.EXIT_CODE


def test_stepping_one_core_lets_the_others_go_on(cluster: Path) -> None:
    with GdbClient(cluster) as gdb:
        gdb.set_breakpoint(address(cluster, "copy"))
        gdb.go()
        gdb.clear_breakpoint(address(cluster, "copy"))
        before = int(gdb.monitor("cycles"))
        pc = gdb.register(PROGRAM_COUNTER)
        stop = gdb.go("s:1;c")
        assert stop == Stop(TRAP, 1)
        assert gdb.register(PROGRAM_COUNTER) != pc
        assert int(gdb.monitor("cycles")) > before
        # A core that sleeps is stepped when it wakes.
        stop = gdb.go("s:4;c")
        assert stop.thread == 4
        assert gdb.go().exit_code == cluster_program.EXIT_CODE
        assert gdb.wait() == cluster_program.EXIT_CODE
        assert len(gdb.output) == 256


def test_time_is_the_same_under_a_debugger(cluster: Path, tmp_path: Path) -> None:
    stats = tmp_path / "stats"
    plain = tmp_path / "plain"
    with GdbClient(cluster, "--stats", str(plain)) as gdb:
        gdb.go()
        gdb.wait()
    with GdbClient(cluster, "--stats", str(stats)) as gdb:
        gdb.set_breakpoint(address(cluster, "copy"))
        gdb.set_breakpoint(address(cluster, "accelerate"))
        gdb.go()
        gdb.go()
        for _ in range(20):
            gdb.go("s:1;c")
        gdb.clear_breakpoint(address(cluster, "copy"))
        gdb.clear_breakpoint(address(cluster, "accelerate"))
        assert gdb.go().exit_code == cluster_program.EXIT_CODE
        gdb.wait()
    assert stats.read_text() == plain.read_text()


def test_interrupt(tmp_path: Path) -> None:
    elf = assemble(FOREVER, siracusa(), tmp_path)
    with GdbClient(elf) as gdb:
        gdb.send("vCont;c")
        stop = gdb.interrupt()
        assert (stop.signal, stop.thread) == (INTERRUPT, FABRIC_CONTROLLER)
        counter = int.from_bytes(gdb.memory(address(elf, "counter"), 4), "little")
        assert gdb.register(9) - counter in (0, 1)
        assert gdb.go("s:a;c").signal == TRAP
        gdb.send("k")
        assert gdb.wait() == EXIT_FAULT


def test_a_debugger_that_goes_away_ends_the_simulation(tmp_path: Path) -> None:
    with GdbClient(assemble(FOREVER, siracusa(), tmp_path)) as gdb:
        gdb.send("vCont;c")
    assert gdb.exit_code == EXIT_FAULT


def test_detach(straight: Path) -> None:
    with GdbClient(straight) as gdb:
        gdb.set_breakpoint(address(straight, "loop"))
        gdb.go()
        assert gdb.ask("D") == "OK"
        assert gdb.wait() == 50


@pytest.mark.parametrize(
    ("code", "signal", "text"),
    [
        (".word 0xffffffff", 4, "TW-1101"),
        ("lw a0, 0(zero)", 11, "TW-1103"),
        ("jr zero", 11, "TW-1102"),
        ("la a0, _start\nsw zero, 0(a0)", 11, "TW-1106"),
        ("ebreak", TRAP, "TW-1108"),
        ("wait: j wait", 6, "TW-1109"),
        ("wait: addi a0, a0, 1\nj wait", 24, "TW-1110"),
    ],
)
def test_faults_are_signals(tmp_path: Path, code: str, signal: int, text: str) -> None:
    elf = assemble(f".text\n.globl _start\n_start: li s0, 77\n{code}\n", siracusa(), tmp_path)
    with GdbClient(elf, "--max-cycles", "100000") as gdb:
        stop = gdb.go()
        assert (stop.signal, stop.thread) == (signal, FABRIC_CONTROLLER)
        assert text in stop.text
        assert gdb.register(8) == 77
        # It stays there.
        assert gdb.go().signal == signal
        gdb.send("k")
        assert gdb.wait() == EXIT_FAULT


def test_acknowledgements_and_damaged_packets(straight: Path) -> None:
    with GdbClient(straight, acknowledge=True) as gdb:
        gdb.send_raw(b"$g#00")
        assert gdb._byte() == b"-"  # pyright: ignore[reportPrivateUsage]
        assert len(gdb.registers()) == 65
        gdb.send_raw(b"-")
        assert len(gdb.receive()) == 65 * 8
        for nonsense in [
            "",
            "m",
            "mzz,4",
            "M0",
            "vCont;x",
            "vCont;s:77",
            "Hg",
            "Z0",
            "Pzz",
            "qRcmd,1",
        ]:
            assert len(gdb.ask(nonsense)) <= 3
        gdb.send_raw(b"\x00\xff+++$x#zz")
        assert gdb._byte() == b"-"  # pyright: ignore[reportPrivateUsage]
        assert gdb.go().exit_code == 50
