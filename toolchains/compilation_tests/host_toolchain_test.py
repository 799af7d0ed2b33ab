"""Host programs are static, free of paths, and run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from toolchains.compilation_tests import elf_facts

_FOLDER = Path("toolchains/compilation_tests")


@pytest.mark.parametrize("mode", ["dbg", "fastbuild", "opt"])
def test_program_runs(mode: str) -> None:
    run = subprocess.run(
        [_FOLDER / f"host_program_{mode}"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith("passed: run-time type information\n")


@pytest.mark.parametrize("mode", ["dbg", "fastbuild", "opt"])
def test_program_is_static_and_names_no_folder_of_this_machine(mode: str) -> None:
    program = _FOLDER / f"host_program_{mode}"
    assert elf_facts.header_facts(program)["type"] == "ET_EXEC"
    assert not elf_facts.has_interpreter(program)
    here = str(Path.cwd()).split("/bazel-out/")[0].split("/sandbox/")[0]
    own_folders = ("/home/", "/root/", here)
    paths = elf_facts.absolute_paths(program)
    # musl and libc++ themselves know some, e.g. /usr/share/zoneinfo.
    assert [path for path in paths if path.startswith(own_folders) or "execroot" in path] == []


def _run_erroneous(variant: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_FOLDER / f"erroneous_program_{variant}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"},
    )


@pytest.mark.parametrize(
    ("mistake", "finding"),
    [
        ("heap", "AddressSanitizer: heap-buffer-overflow"),
        ("overflow", "runtime error: signed integer overflow"),
    ],
)
def test_sanitized_program_reports_mistake_and_fails(mistake: str, finding: str) -> None:
    run = _run_erroneous("sanitized", mistake)
    assert run.returncode != 0
    assert finding in run.stderr
    assert "erroneous_program.c" in run.stderr
    assert "finished" not in run.stdout


@pytest.mark.parametrize("variant", ["plain", "sanitized"])
def test_correct_program_passes(variant: str) -> None:
    run = _run_erroneous(variant)
    assert (run.returncode, run.stdout) == (0, "finished 0\n"), run.stderr


def test_plain_program_has_no_sanitizer() -> None:
    symbols = elf_facts.symbol_names(_FOLDER / "erroneous_program_plain")
    assert not [name for name in symbols if name.startswith(("__asan", "__ubsan"))]
