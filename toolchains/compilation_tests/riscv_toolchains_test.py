"""Every entry of the ISA table yields programs of exactly that instruction set."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from toolchains.compilation_tests import elf_facts
from toolchains.riscv import disassemble

_FOLDER = Path("toolchains/compilation_tests")
_ISA_TABLE = json.loads((_FOLDER / "isa_table.json").read_text())

# From the RISC-V ELF psABI specification, "File Header", e_flags.
_EF_RISCV_RVC = 0x1
_EF_RISCV_FLOAT_ABI = {"soft": 0x0, "single": 0x2, "double": 0x4}

# Extensions that clang names beside those of -march because these contain them.
_CONTAINED = {"a": ["zaamo", "zalrsc"], "f": ["zicsr"], "m": ["zmmul"]}


@pytest.fixture(params=sorted(_ISA_TABLE), name="isa_name")
def _isa_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(name="program")
def _program(isa_name: str) -> Path:
    return _FOLDER / f"freestanding_program_{isa_name}"


def test_table_has_the_promised_instruction_sets() -> None:
    assert {"rv32imc", "rv32imafc", "rv32imfcxcv"} <= set(_ISA_TABLE)


def test_header_names_compression_and_float_abi(isa_name: str, program: Path) -> None:
    isa = _ISA_TABLE[isa_name]
    flags = _EF_RISCV_FLOAT_ABI[isa["float_abi"]]
    if "c" in isa["extensions"]:
        flags |= _EF_RISCV_RVC
    assert elf_facts.header_facts(program) == {
        "class": 32,
        "machine": "EM_RISCV",
        "type": "ET_EXEC",
        "flags": flags,
    }


def test_attributes_name_the_table_s_extensions(isa_name: str, program: Path) -> None:
    extensions = _ISA_TABLE[isa_name]["extensions"]
    expected = {"i", *extensions}
    for extension in extensions:
        expected.update(_CONTAINED.get(extension, []))
    architecture = elf_facts.riscv_architecture(program)
    assert architecture.startswith("rv32")
    versioned = architecture.removeprefix("rv32").split("_")
    assert {re.sub(r"\d+p\d+$", "", extension) for extension in versioned} == expected


def test_compiler_rt_is_linked_by_default(isa_name: str, program: Path) -> None:
    symbols = elf_facts.symbol_names(program)
    assert {"__divdi3", "__moddi3", "__muldf3", "__adddf3", "memcpy"} <= symbols
    has_float_instructions = "f" in _ISA_TABLE[isa_name]["extensions"]
    assert ("__mulsf3" in symbols) != has_float_instructions


def test_products_are_not_contracted(isa_name: str, program: Path) -> None:
    mnemonics = {instruction.text.split()[0] for instruction in disassemble.instructions(program)}
    has_float_instructions = "f" in _ISA_TABLE[isa_name]["extensions"]
    assert {"fmul.s", "fadd.s"} <= mnemonics or not has_float_instructions
    assert not mnemonics & {"fmadd.s", "fmsub.s", "fnmadd.s", "fnmsub.s"}


def test_no_sanitizer_calls(program: Path) -> None:
    assert not [name for name in elf_facts.symbol_names(program) if "__ubsan" in name]


def test_no_absolute_paths(program: Path) -> None:
    assert elf_facts.absolute_paths(program) == []
