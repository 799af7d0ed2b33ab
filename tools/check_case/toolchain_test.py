"""The flags are those of the build's toolchains, apart from paths, dates and warnings.

The toolchains' files are Starlark, whose lists and functions are also Python's.
"""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.check_case.toolchain import COMMON, CORE_V, DEVICE, RV32, Machine

ROOT = Path(__file__).absolute().parents[2]
CONFIGURATION = ROOT / "toolchains/zig/clang_toolchain_config.bzl"
TOOLCHAIN = ROOT / "toolchains/riscv/riscv_toolchain.bzl"
ISA_TABLE = ROOT / "toolchains/riscv/isa_table.bzl"
WITHOUT_EFFECT = ("-no-canonical-prefixes", "-ffile-compilation-dir=", "-W", "-D__", "-g")
"""Beginnings of flags that change no instruction: paths, dates, warnings, debug information."""

ONLY_HERE = ("-nostdinc", "-w")
"""The toolchains have the first with the headers' folders, and no warnings is none of the build."""


def flags_of(path: Path, name: str) -> list[str]:
    """The list of texts that a variable or an argument of a name is, in a Starlark file."""
    for node in ast.walk(ast.parse(path.read_text())):
        value: ast.expr | None = None
        if (
            isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        ) or (isinstance(node, ast.keyword) and node.arg == name):
            value = node.value
        if isinstance(value, ast.List):
            return [str(flag) for flag in ast.literal_eval(value)]
    raise AssertionError(f"{path.name} has no list {name}")


def option_default(path: Path, name: str) -> list[str]:
    """The default of a rule's attribute that is a list."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == name:
                assert isinstance(value, ast.Call)
                (default,) = (k.value for k in value.keywords if k.arg == "default")
                return [str(flag) for flag in ast.literal_eval(default)]
    raise AssertionError(f"{path.name} has no attribute {name}")


def effective(flags: list[str]) -> set[str]:
    return {flag for flag in flags if not flag.startswith(WITHOUT_EFFECT)}


def test_devices_are_compiled_for_as_by_the_build() -> None:
    build = [
        *flags_of(CONFIGURATION, "_COMPILE_FLAGS"),
        *option_default(CONFIGURATION, "opt_flags"),
        *flags_of(TOOLCHAIN, "compile_flags"),
    ]
    here = {*DEVICE, *COMMON} - set(ONLY_HERE)
    target = {flag for flag in here if flag.startswith("--target=")}
    assert here - target == effective(build)
    assert all(f'"{flag.removeprefix("--target=")}"' in TOOLCHAIN.read_text() for flag in target)


@pytest.mark.parametrize("machine", [RV32, CORE_V], ids=lambda machine: machine.name)
def test_machines_are_instruction_sets_of_the_build(machine: Machine) -> None:
    names: dict[str, Any] = {"struct": SimpleNamespace}
    exec(compile(ISA_TABLE.read_text(), ISA_TABLE.name, "exec"), names)
    isa = names["ISA_TABLE"][machine.name]
    assert (machine.architecture, machine.support_cpu) == (isa.march, isa.zig_cpu)
    assert isa.mabi == "ilp32f"
