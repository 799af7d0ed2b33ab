"""Debian's gdb-multiarch drives the simulator: what users type, and what they see."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.simulator.debug import cluster_program
from tests.simulator.debug.gdb_client import path_of_gdb
from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.execute import EXIT_FAULT
from tests.simulator.harness.installed_tools import simulator, soc_description
from tests.simulator.harness.targets import siracusa

INSTALL = "apt-get install gdb-multiarch, or TILEWRIGHT_PACKAGES=debug ./bazelw (docs/launcher.md)"
SECONDS = 120


def session(
    elf: Path, commands: list[str], *options: str
) -> tuple[str, subprocess.CompletedProcess[bytes]]:
    """What gdb prints for commands after connecting, and how the simulator ends."""
    gdb = path_of_gdb()
    assert gdb is not None, f"gdb-multiarch is not installed; run: {INSTALL}"
    command = [str(simulator()), "--elf", str(elf), "--soc", str(soc_description()), "--gdb", "0"]
    server = subprocess.Popen(
        [*command, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert server.stderr is not None
        target = re.search(r"target remote \S+", server.stderr.readline().decode())
        assert target is not None
        arguments = [gdb, "-nx", "-batch", str(elf)]
        for text in ["set pagination off", "set confirm off", target[0], *commands]:
            arguments += ["-ex", text]
        printed = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        ).stdout.decode(errors="replace")
        output, messages = server.communicate(timeout=SECONDS)
    finally:
        server.kill()
    return printed, subprocess.CompletedProcess(command, server.returncode, output, messages)


@pytest.fixture(scope="module", name="cluster")
def fixture_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assemble(cluster_program.PROGRAM, siracusa(), tmp_path_factory.mktemp("cluster"))


def test_breakpoints_registers_and_memory(cluster: Path) -> None:
    printed, server = session(
        cluster,
        [
            *["break *copy", "continue", "info threads", "print/x $s2", "p $mhartid", "p $fa0"],
            *[
                "stepi",
                "x/i $pc",
                "delete",
                "break *accelerate",
                "continue",
                "x/4wx (int *)&copied",
            ],
            *["thread 10", "print/x $pc", "set var $a5 = 99", "print $a5", "monitor cycles"],
            *["delete", "continue"],
        ],
    )
    assert 'Thread 1 "' in printed or "Thread 1 hit Breakpoint 1" in printed, printed
    assert "hit Breakpoint 1, 0x1c01" in printed and "in copy ()" in printed, printed
    assert "(fabric controller, running)" in printed and "(core 7, " in printed, printed
    assert "$1 = 0x0" in printed and "$2 = 0" in printed, printed
    assert "hit Breakpoint 2" in printed and "in accelerate ()" in printed, printed
    assert re.search(r"0x[0-9a-f]+:\s+0x00000000\s+0x01020304\s+0x02040608\s+0x0306090c", printed)
    assert "= 99" in printed, printed
    assert "exited with code 07" in printed, printed
    assert server.returncode == cluster_program.EXIT_CODE
    assert len(server.stdout) == 256


def test_every_core_hits_the_breakpoint(cluster: Path) -> None:
    count = 8
    printed, server = session(cluster, ["break *on_core", *["continue"] * (count + 1)])
    hits = re.findall(r"Thread (\d+) (?:\S+ )?hit Breakpoint 1", printed)
    assert sorted(int(thread) for thread in hits) == list(range(1, count + 1)), printed
    assert "exited with code 07" in printed, printed
    assert server.returncode == cluster_program.EXIT_CODE


def test_steps_and_watchpoints(cluster: Path) -> None:
    printed, server = session(
        cluster,
        [
            *["watch *(int *)&done", "continue", "print/x *(int *)&done", "delete"],
            *["stepi", "stepi", "stepi", "continue"],
        ],
    )
    assert "Hardware watchpoint 1" in printed and "New value = 1" in printed, printed
    assert "exited with code 07" in printed, printed
    assert server.returncode == cluster_program.EXIT_CODE


def test_a_fault_can_be_inspected(tmp_path: Path) -> None:
    text = cluster_program.PROGRAM.replace("call accelerate", "lw s6, 4(zero)")
    elf = assemble(text, siracusa(), tmp_path)
    printed, server = session(elf, ["continue", "x/i $pc", "info threads", "kill"])
    assert "SIGSEGV" in printed and "TW-1103" in printed, printed
    assert "lw\ts6,4(zero)" in printed, printed
    assert server.returncode == EXIT_FAULT


def test_stepping_over_a_breakpoint_takes_one_instruction(cluster: Path) -> None:
    printed, server = session(
        cluster, ["break *copy", "continue", "stepi", "print (int)$pc - (int)&copy", "kill"]
    )
    assert "$1 = 4\n" in printed, printed
    assert server.returncode == EXIT_FAULT
