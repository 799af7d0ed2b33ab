"""`bazel run //compiler -- MODEL --output DIR` from the caller's folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.negative.models import product


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the compiler as `bazel run` does that was called in `folder`."""
    program = Path(os.environ["TILEWRIGHT_COMPILER"]).absolute()
    return subprocess.run(
        [str(program), *arguments],
        env={**os.environ, "BUILD_WORKING_DIRECTORY": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_paths_are_relative_to_the_callers_folder(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(product())
    result = run(tmp_path, "model.onnx", "--output", "generated")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert {"model.c", "model.h", "model_weights.S", "model_weights.bin"} <= {
        path.name for path in (tmp_path / "generated").iterdir()
    }


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    contents: list[dict[str, bytes]] = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.onnx").write_bytes(product())
        assert run(folder, "model.onnx", "--output", "out").returncode == 0
        contents.append({path.name: path.read_bytes() for path in (folder / "out").iterdir()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help(tmp_path: Path, arguments: list[str]) -> None:
    result = run(tmp_path, *arguments)
    assert result.returncode == 0
    assert "python -m compiler MODEL.onnx --output DIR" in result.stdout
