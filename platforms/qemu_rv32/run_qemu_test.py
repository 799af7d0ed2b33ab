"""Tests of how QEMU is called; that it runs firmware is tested with firmware."""

from __future__ import annotations

from pathlib import Path

import pytest

from platforms.qemu_rv32 import run_qemu
from tools.elf.elf_file import ElfError, ElfFile, Section, Symbol
from tools.elf.elf_writer import elf_bytes

ADDRESS = 0x80001000
SOC = "name: board\nqemu: {binary: qemu-that-nobody-has, arguments: [-M, virt]}\n"


def firmware(path: Path, symbol: str = "tilewright_arguments") -> Path:
    section = Section(".tilewright_arguments", 1, 3, ADDRESS, 0, 0, 0)
    content = bytes(4096)
    path.write_bytes(elf_bytes([(section, content)], [Symbol(symbol, ADDRESS, 4096, 1, 1)]))
    return path


def test_image_is_length_and_bytes(tmp_path: Path) -> None:
    elf = ElfFile(firmware(tmp_path / "x.elf"))
    assert run_qemu.argument_image(elf, b"abc") == (ADDRESS, b"\3\0\0\0abc")
    assert len(run_qemu.argument_image(elf, bytes(4092))[1]) == 4096


def test_too_long_input_is_refused(tmp_path: Path) -> None:
    elf = ElfFile(firmware(tmp_path / "x.elf"))
    with pytest.raises(ElfError, match=r"4093 bytes long; .* takes 4092"):
        run_qemu.argument_image(elf, bytes(4093))


def test_firmware_without_arguments_is_refused(tmp_path: Path) -> None:
    elf = ElfFile(firmware(tmp_path / "x.elf", symbol="other"))
    with pytest.raises(ElfError, match="defines no symbol 'tilewright_arguments'"):
        run_qemu.argument_image(elf, b"")


def test_instructions_are_counted() -> None:
    command = run_qemu.qemu_command(
        {"qemu": {"binary": "q", "arguments": ["-M", "virt"]}}, Path("x")
    )
    assert command[command.index("-icount") + 1].startswith("shift=0")
    assert command[-2:] == ["-kernel", "x"]


def test_a_missing_qemu_is_named_with_its_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soc = tmp_path / "soc.yaml"
    soc.write_text(SOC)
    elf = firmware(tmp_path / "x.elf")
    assert run_qemu.main(["--elf", str(elf), "--soc", str(soc)]) == 125
    assert capsys.readouterr().err == (
        "run_qemu: qemu-that-nobody-has is not installed; run: apt-get install qemu-system-misc\n"
    )


def test_a_description_of_another_machine_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soc = tmp_path / "soc.yaml"
    soc.write_text("name: board\n")
    assert run_qemu.main(["--elf", "x.elf", "--soc", str(soc)]) == 125
    assert f"{soc}: no description of a QEMU machine: 'qemu'" in capsys.readouterr().err
