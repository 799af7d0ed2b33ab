"""Tests of the reports on a program of known content: no byte is lost or counted twice."""

from __future__ import annotations

from pathlib import Path

from tools.elf.elf_file import ElfFile, Section, Symbol
from tools.elf.elf_writer import elf_bytes
from tools.report import memory_report, size_report
from tools.report.image import memories
from tools.report.memory_page import to_html
from tools.report.memory_picture import pictures

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


def cluster_program(path: Path) -> ElfFile:
    """Weights in L2; in L1 a network's struct: 96 bytes of tensors, 32 of tables."""
    sections = [
        (Section(".tilewright_weights", 1, 2, RAM, 0, 0, 0), bytes(4096)),
        (Section(".bss.l1_buffer", 8, 3, RAM + 0x8000, 0, 128, 0), b""),
    ]
    path.write_bytes(elf_bytes(sections, [Symbol("l1", RAM + 0x8000, 128, 1, 2)]))
    return ElfFile(path)


CLUSTER_SOC = {
    "name": "board",
    "memories": [
        {"name": "l2", "base": RAM, "size": 0x8000},
        {"name": "l1", "base": RAM + 0x8000, "size": 0x1000},
    ],
}
CLUSTER_MAP = {
    **MAP,
    "maps": [
        {
            "graph": "",
            "arena_bytes": 0,
            "l1_bytes": 96,
            "l1_bound": 80,
            "steps": [{"calls": []}, {"calls": [{"node": "<dense>"}]}, {"calls": []}],
            "buffers": [
                {"kind": "tensor", "what": "x", "offset": 0, "bytes": 64, "first": 0, "last": 1},
                {"kind": "tile", "what": "y", "offset": 64, "bytes": 16, "first": 1, "last": 3},
            ],
            "arena_buffers": [],
        }
    ],
}


def test_picture_of_what_lives_when(tmp_path: Path) -> None:
    elf = cluster_program(tmp_path / "x.elf")
    l1, l2 = pictures(memories(elf, CLUSTER_SOC), elf, [CLUSTER_MAP])
    assert (l1.memory.name, l2.memory.name) == ("l1", "l2")
    assert [rectangle.kind for rectangle in l2.rectangles] == ["weights"]
    by_kind = {rectangle.kind: rectangle for rectangle in l1.rectangles}
    tensor, tile = by_kind["tensor"], by_kind["tile"]
    # The second begins where the first has its second step, at the address where that ends.
    (entry,) = l1.entry_points
    assert tensor.x == entry.x and abs(tile.x - (entry.x + entry.pitch)) < 0.1
    assert abs(tile.x + tile.width - entry.end) < 0.2
    assert abs(tensor.y - (tile.y + tile.height)) < 0.2
    assert abs(tensor.height / tile.height - 4) < 0.1
    assert "from step 1, <dense>" in tile.title and f"{RAM + 0x8040:#010x}" in tile.title


def test_page_stands_alone(tmp_path: Path) -> None:
    elf = cluster_program(tmp_path / "x.elf")
    content = memory_report.report(elf, CLUSTER_SOC, [CLUSTER_MAP])
    page = to_html(content, pictures(memories(elf, CLUSTER_SOC), elf, [CLUSTER_MAP]))
    assert "http" not in page and "src=" not in page
    assert "&lt;dense&gt;" in page and "<dense>" not in page
    assert "96  of L1; at least 80" in memory_report.text(content)
