"""A small client of gdb's remote serial protocol, written from its documentation."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tests.simulator.harness.installed_tools import simulator, soc_description

SECONDS = 30
GENERAL_REGISTERS = 65
"""x0 to x31, pc, f0 to f31."""
PROGRAM_COUNTER = 32
FIRST_FLOAT = 33


@dataclass(frozen=True)
class Stop:
    """Why the program stopped.

    Attributes:
        signal: gdb's number of the signal; 5 for breakpoints and steps.
        thread: the thread that it concerns.
        reasons: further facts by name, such as `swbreak` or `watch`.
        exit_code: the program's, if it ended.
        text: what was said while it ran.
    """

    signal: int = 0
    thread: int = 0
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    exit_code: int | None = None
    text: str = ""


class GdbClient:
    """Starts the simulator and controls it as a debugger would; a context manager.

    Attributes:
        output: what the program wrote, complete after the end.
        messages: what the simulator wrote to standard error, complete after the end.
        exit_code: the simulator's, after the end.
    """

    def __init__(self, elf: Path, *options: str, acknowledge: bool = False) -> None:
        self.output = b""
        self.messages = ""
        self.exit_code: int | None = None
        self._files = tempfile.TemporaryDirectory()
        output = open(Path(self._files.name) / "output", "w+b")  # noqa: SIM115
        self._output = output
        command = [str(simulator()), "--elf", str(elf), "--soc", str(soc_description())]
        self._process = subprocess.Popen(
            [*command, "--gdb", "0", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
        )
        assert self._process.stderr is not None
        announcement = self._process.stderr.readline().decode()
        port = re.search(r"localhost:(\d+)", announcement)
        assert port is not None, announcement
        self._socket = socket.create_connection(("localhost", int(port[1])), timeout=SECONDS)
        self._input = b""
        self._acknowledge = True
        self.features = self.ask("qSupported:swbreak+;hwbreak+").split(";")
        if not acknowledge:
            assert self.ask("QStartNoAckMode") == "OK"
            self._acknowledge = False

    def __enter__(self) -> GdbClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.wait()
        finally:
            self._process.kill()
            self._files.cleanup()

    def wait(self) -> int:
        """Closes the connection and waits for the simulator's end; its exit code."""
        assert self._process.stderr is not None
        self._socket.close()
        if self.exit_code is None:
            _, messages = self._process.communicate(timeout=SECONDS)
            self.messages = messages.decode()
            self.exit_code = self._process.returncode
            self._output.seek(0)
            self.output = self._output.read()
            self._output.close()
        return self.exit_code

    # Packets.

    def send(self, packet: str | bytes) -> None:
        body = packet.encode() if isinstance(packet, str) else packet
        self._socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))
        if self._acknowledge:
            assert self._byte() == b"+"

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> str:
        start = self._byte()
        assert start == b"$", start
        body = b""
        while (byte := self._byte()) != b"#":
            body += byte
        checksum = int(self._byte() + self._byte(), 16)
        assert checksum == sum(body) & 0xFF
        if self._acknowledge:
            self._socket.sendall(b"+")
        return re.sub(rb"}(.)", lambda m: bytes([m[1][0] ^ 0x20]), body, flags=re.S).decode()

    def ask(self, packet: str | bytes) -> str:
        self.send(packet)
        return self.receive()

    def _byte(self) -> bytes:
        while not self._input:
            self._input = self._socket.recv(4096)
            assert self._input, "the connection ended"
        byte, self._input = self._input[:1], self._input[1:]
        return byte

    # What a debugger wants.

    def threads(self) -> dict[int, str]:
        """Threads and their descriptions."""
        found: list[int] = []
        answer = self.ask("qfThreadInfo")
        while answer != "l":
            assert answer[0] == "m"
            found += [int(thread, 16) for thread in answer[1:].split(",")]
            answer = self.ask("qsThreadInfo")
        return {
            thread: bytes.fromhex(self.ask(f"qThreadExtraInfo,{thread:x}")).decode()
            for thread in found
        }

    def select(self, thread: int) -> None:
        """Registers are those of this thread from now on."""
        assert self.ask(f"Hg{thread:x}") == "OK"

    def registers(self) -> list[int]:
        """x0 to x31, pc, f0 to f31."""
        data = bytes.fromhex(self.ask("g"))
        return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]

    def set_registers(self, values: list[int]) -> None:
        data = b"".join(value.to_bytes(4, "little") for value in values)
        assert self.ask(f"G{data.hex()}") == "OK"

    def register(self, number: int) -> int:
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")

    def set_register(self, number: int, value: int) -> None:
        assert self.ask(f"P{number:x}={value.to_bytes(4, 'little').hex()}") == "OK"

    def memory(self, address: int, size: int) -> bytes:
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def set_memory(self, address: int, data: bytes) -> None:
        assert self.ask(f"M{address:x},{len(data):x}:{data.hex()}") == "OK"

    def set_breakpoint(self, address: int, kind: str = "0") -> None:
        assert self.ask(f"Z{kind},{address:x},2") == "OK"

    def clear_breakpoint(self, address: int, kind: str = "0") -> None:
        assert self.ask(f"z{kind},{address:x},2") == "OK"

    def go(self, actions: str = "c") -> Stop:
        """Resumes (`c`; `s:1;c` and the like) and waits for the stop."""
        self.send(f"vCont;{actions}")
        return self.stop()

    def interrupt(self) -> Stop:
        self.send_raw(b"\x03")
        return self.stop()

    def stop(self) -> Stop:
        text = ""
        while True:
            answer = self.receive()
            if answer.startswith("O") and answer != "OK":
                text += bytes.fromhex(answer[1:]).decode()
                continue
            if answer.startswith("W"):
                return Stop(exit_code=int(answer[1:3], 16), text=text)
            assert answer.startswith("T"), answer
            pairs = [pair.partition(":") for pair in answer[3:].split(";") if pair]
            facts = {name: value for name, _, value in pairs}
            thread = int(facts.pop("thread"), 16)
            return Stop(int(answer[1:3], 16), thread, facts, None, text)

    def monitor(self, command: str) -> str:
        self.send(f"qRcmd,{command.encode().hex()}")
        text = ""
        while (answer := self.receive()) != "OK":
            assert answer.startswith("O")
            text += bytes.fromhex(answer[1:]).decode()
        return text

    def register_numbers(self) -> dict[str, int]:
        """Numbers of registers by name, from the target description."""
        text, more = "", True
        while more:
            answer = self.ask(f"qXfer:features:read:target.xml:{len(text):x},400")
            more, text = answer[0] == "m", text + answer[1:]
        target = xml.etree.ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", text))
        return {
            register.attrib["name"]: int(register.attrib["regnum"])
            for register in target.iter("reg")
        }


def path_of_gdb() -> str | None:
    """gdb-multiarch on PATH, or None."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        candidate = Path(folder) / "gdb-multiarch"
        if os.access(candidate, os.X_OK):
            return str(candidate)
    return None
