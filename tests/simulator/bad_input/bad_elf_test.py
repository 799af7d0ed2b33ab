"""Executables that are none: a message and exit code 125, never a crash or a hang."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.simulator.bad_input.damaged_elf import (
    EXIT_CODE,
    EXIT_NOT_RUN,
    damage,
    problem_with,
    valid_elf,
)
from tests.simulator.harness.execute import Result, run_on_simulator

DAMAGED = 600

ENTRY = 24
PROGRAM_HEADERS = 28
SECTION_HEADERS = 32
PROGRAM_HEADER_COUNT = 44
SECTION_HEADER_COUNT = 48
HEADER_BYTES = 52
PROGRAM_HEADER_BYTES = 32
# Fields of a program header.
TYPE, OFFSET, _, ADDRESS, FILE_SIZE, MEMORY_SIZE = range(0, 24, 4)


@pytest.fixture(scope="module", name="elf")
def fixture_elf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return valid_elf(tmp_path_factory.mktemp("valid"))


def run(elf: bytes, folder: Path, **options: bytes) -> Result:
    file = folder / "firmware.elf"
    file.write_bytes(elf)
    return run_on_simulator(file, arguments=options.get("arguments"))


def with_word(elf: bytes, at: int, value: int) -> bytes:
    return elf[:at] + struct.pack("<I", value) + elf[at + 4 :]


def with_half(elf: bytes, at: int, value: int) -> bytes:
    return elf[:at] + struct.pack("<H", value) + elf[at + 2 :]


def segment(elf: bytes, number: int) -> int:
    """Offset of a program header."""
    return struct.unpack_from("<I", elf, PROGRAM_HEADERS)[0] + number * PROGRAM_HEADER_BYTES


def refused(result: Result, *texts: str) -> None:
    assert result.exit_code == EXIT_NOT_RUN, result.messages
    assert result.output == b""
    assert result.messages.startswith("error TW-1004: ")
    for text in texts:
        assert text in result.messages
    assert not result.statistics


def test_the_valid_one_runs(elf: bytes, tmp_path: Path) -> None:
    result = run(elf, tmp_path)
    assert (result.exit_code, result.output) == (EXIT_CODE, struct.pack("<3I", 1, 2, 3))
    assert result.messages == ""


@pytest.mark.parametrize("block", range(10))
def test_damaged(elf: bytes, tmp_path: Path, block: int) -> None:
    file = tmp_path / "damaged.elf"
    for seed in range(block * DAMAGED // 10, (block + 1) * DAMAGED // 10):
        file.write_bytes(damage(elf, seed))
        problem = problem_with(file)
        assert problem is None, f"seed {seed}: {problem}"


def test_every_truncation_of_the_headers(elf: bytes, tmp_path: Path) -> None:
    for size in [0, 1, 3, 4, 5, 16, 20, 51, 52, 53, 100, HEADER_BYTES + 95, len(elf) - 1]:
        refused(run(elf[:size], tmp_path))


@pytest.mark.parametrize(
    ("at", "value", "text"),
    [
        (4, 2, "64-bit"),
        (5, 2, "big-endian"),
        (4, 9, "no known word size"),
        (18, 3, "x86"),
        (18, 62, "x86-64"),
        (18, 40, "Arm"),
        (16, 3, "no executable at fixed addresses"),
        (16, 1, "no executable at fixed addresses"),
    ],
)
def test_foreign(elf: bytes, tmp_path: Path, at: int, value: int, text: str) -> None:
    changed = elf[:at] + bytes([value]) + elf[at + 1 :]
    refused(run(changed, tmp_path), text, "supported: 32-bit little-endian RISC-V executables")


def test_no_elf_at_all(tmp_path: Path) -> None:
    refused(run(b"#!/bin/sh\n" * 100, tmp_path), "no ELF file")


def test_the_host_s_own_executable(tmp_path: Path) -> None:
    refused(run(Path("/proc/self/exe").read_bytes()[:100_000], tmp_path), "64-bit")


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (PROGRAM_HEADERS, 0xFFFFFFFF),
        (PROGRAM_HEADERS, 0xFFFFFFE0),
        (SECTION_HEADERS, 0xFFFFFFFF),
        (PROGRAM_HEADER_COUNT, 0xFFFF),
        (SECTION_HEADER_COUNT, 0xFFFF),
    ],
)
def test_tables_outside_of_the_file(elf: bytes, tmp_path: Path, at: int, value: int) -> None:
    count = at in (PROGRAM_HEADER_COUNT, SECTION_HEADER_COUNT)
    changed = with_half(elf, at, value) if count else with_word(elf, at, value)
    refused(run(changed, tmp_path), "header table", "outside of the file")


def test_no_segments(elf: bytes, tmp_path: Path) -> None:
    refused(run(with_half(elf, PROGRAM_HEADER_COUNT, 0), tmp_path), "nothing to load")


@pytest.mark.parametrize("field", [OFFSET, FILE_SIZE])
def test_segment_outside_of_the_file(elf: bytes, tmp_path: Path, field: int) -> None:
    changed = with_word(elf, segment(elf, 0) + field, 0xFFFFFFF0)
    refused(run(changed, tmp_path), "segment 0", "outside of the file")


def test_more_in_the_file_than_in_memory(elf: bytes, tmp_path: Path) -> None:
    refused(run(with_word(elf, segment(elf, 0) + MEMORY_SIZE, 8), tmp_path), "segment 0", "only 8")


def test_segment_beyond_the_address_space(elf: bytes, tmp_path: Path) -> None:
    refused(run(with_word(elf, segment(elf, 1) + ADDRESS, 0xFFFFFFFC), tmp_path), "32-bit addresses")


@pytest.mark.parametrize("address", [0, 0x0FFFFFF0, 0x1003FFFC, 0x1C1FFFF0, 0x1A10F000, 0x80000000])
def test_segment_outside_of_memory(elf: bytes, tmp_path: Path, address: int) -> None:
    changed = with_word(elf, segment(elf, 1) + ADDRESS, address)
    refused(run(changed, tmp_path), f"0x{address:08x}")


def test_segment_larger_than_memory(elf: bytes, tmp_path: Path) -> None:
    refused(run(with_word(elf, segment(elf, 1) + MEMORY_SIZE, 0x7FFFFFFF), tmp_path))


def test_overlapping_segments(elf: bytes, tmp_path: Path) -> None:
    changed = with_word(elf, segment(elf, 1) + ADDRESS, 0x1C010004)
    refused(run(changed, tmp_path), "[0x1c010000, ", "[0x1c010004, ", "overlap")


@pytest.mark.parametrize("entry", [0, 1, 0x1C010001, 0x1C011000, 0x10000000, 0xFFFFFFFE])
def test_entry_outside_of_code(elf: bytes, tmp_path: Path, entry: int) -> None:
    refused(run(with_word(elf, ENTRY, entry), tmp_path), f"entry point 0x{entry:x}")


def test_arguments(elf: bytes, tmp_path: Path) -> None:
    assert run(elf, tmp_path, arguments=b"x" * 60).exit_code == EXIT_CODE
    result = run(elf, tmp_path, arguments=b"x" * 61)
    assert result.exit_code == EXIT_NOT_RUN
    assert "TW-1005" in result.messages and "61" in result.messages and "64" in result.messages
    result = run(elf.replace(b"tilewright_arguments", b"tilewright_argumentX"), tmp_path, arguments=b"")
    assert result.exit_code == EXIT_NOT_RUN
    assert "TW-1005" in result.messages and "tilewright_arguments" in result.messages
