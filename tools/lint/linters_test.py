"""Which files the linters see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lint.linters import LINTERS, Linter, command, files_for, listed_files


def linter(name: str) -> Linter:
    """The linter of that name."""
    return next(linter for linter in LINTERS if linter.name == name)


def test_listed_files_are_named_by_their_path_in_the_repository() -> None:
    manifest = [
        Path("../source_tree/tree/rules/BUILD.bazel.source"),
        Path("../source_tree/tree/compiler/ir/graph.py.source"),
        Path("tools/lint/lint_test.py"),
    ]
    assert listed_files(manifest) == {
        "rules/BUILD.bazel": manifest[0],
        "compiler/ir/graph.py": manifest[1],
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("buildifier", ["WORKSPACE", "a/BUILD.bazel", "a/b.bzl"]),
        ("ruff_check", ["compiler/cli.py", "tools/x.py"]),
        ("basedpyright", ["compiler/cli.py"]),
        ("clang_format", ["kernels/k.c", "kernels/k.h"]),
    ],
)
def test_every_linter_gets_the_files_of_its_kind(name: str, expected: list[str]) -> None:
    files = ["a/BUILD.bazel", "tools/x.py", "kernels/k.h", "a/b.bzl", "WORKSPACE", "README.md"]
    files += ["kernels/k.c", "compiler/cli.py"]
    assert files_for(linter(name), files) == expected


def test_command_names_the_programs_place() -> None:
    parts = ("{ruff}", "check")
    assert command(parts, {"ruff": Path("/bin/ruff")}, ["a.py"]) == ["/bin/ruff", "check", "a.py"]
