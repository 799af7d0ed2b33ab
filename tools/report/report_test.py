"""Tests of the reports on a program of known content: no byte is lost or counted twice."""

from __future__ import annotations

from pathlib import Path

from tools.elf.elf_file import ElfFile, Section, Symbol
from tools.elf.elf_writer import elf_bytes
from tools.report import memory_report, size_report

RAM = 0x80000000
SOC = {"name": "board", "memories": [{"name": "ram", "base": RAM, "size": 0x10000}]}
MAP = {
    "network": "net",
    "weights_bytes": 24,
    "states_bytes": 8,
    "states": [{"name": "cache", "bytes": 8, "offset": 0}],
    "arena_bytes": 16,
    "maps": [{"graph": "decode", "arena_bytes": 12}, {"graph": "prefill", "arena_bytes": 16}],
}


def program(path: Path) -> ElfFile:
    """.text, a gap of 8 bytes, weights, .bss, and a stack with 32 guarded bytes below."""
    sections = [
        (Section(".text", 1, 6, RAM, 0, 0, 0), bytes(56)),
        (Section(".tilewright_weights", 1, 2, RAM + 64, 0, 0, 0), bytes(24)),
        (Section(".bss", 8, 3, RAM + 88, 0, 8, 0), b""),
        (Section(".tilewright_stack", 8, 3, RAM + 96, 0, 160, 0), b""),
        (Section(".debug_info", 1, 0, 0, 0, 0, 0), bytes(1000)),
    ]
    symbols = [
        Symbol("tilewright_stack_guard_start", RAM + 96, 0, 0, 4),
        Symbol("tilewright_stack_guard_end", RAM + 128, 0, 0, 4),
        Symbol("main", RAM, 40, 2, 1),
        Symbol("helper", RAM + 40, 16, 2, 1),
        Symbol("net_weights", RAM + 64, 24, 1, 2),
    ]
    path.write_bytes(elf_bytes(sections, symbols))
    return ElfFile(path)


def test_every_byte_of_memory_has_one_purpose(tmp_path: Path) -> None:
    content = memory_report.report(program(tmp_path / "x.elf"), SOC, [MAP])
    (ram,) = content["memories"]
    rows = [(part["address"] - RAM, part["size"], part["purpose"]) for part in ram["parts"]]
    assert rows == [
        (0, 56, "code"),
        (56, 8, "alignment"),
        (64, 24, "weights of networks"),
        (88, 8, "variables, zero at start"),
        (96, 32, "guard below the stack"),
        (128, 128, "stack"),
    ]
    assert ram["used"] == 256


def test_memory_report_of_networks(tmp_path: Path) -> None:
    content = memory_report.report(program(tmp_path / "x.elf"), SOC, [MAP])
    text = memory_report.text(content)
    assert "ram: 256 of 65,536 used (0.39 %)" in text
    assert "network net" in text
    assert "8    cache" in text
    assert "16    in entry point prefill" in text


def test_a_program_of_the_host_has_no_memories(tmp_path: Path) -> None:
    host = {"name": "host", "memories": [{"name": "ram", "size": 1 << 30}]}
    content = memory_report.report(program(tmp_path / "x.elf"), host, [])
    (process,) = content["memories"]
    assert process["used"] == 56 + 24 + 8 + 32 + 128


def test_size_report(tmp_path: Path) -> None:
    content = size_report.report(program(tmp_path / "x.elf"))
    assert content["build_id"] is None
    assert size_report.text(content).startswith("build id none\n\n")
    assert content["loaded_bytes"] == 56 + 24
    assert content["zero_bytes"] == 8 + 160
    assert [row["name"] for row in content["symbols"]] == ["main", "net_weights", "helper"]
    assert "40  .text                    main" in size_report.text(content)
