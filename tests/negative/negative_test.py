"""What the compiler cannot do it says exactly, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.negative.models import CASES, Case, product

EXPECTED = Path(__file__).parent / "expected"
UPDATE_VARIABLE = "TILEWRIGHT_UPDATE_EXPECTED"
"""Set to a folder, the messages found are written there instead of compared."""


def compile_model(folder: Path, contents: bytes, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs the compiler in `folder` on a model of these contents."""
    (folder / "model.onnx").write_bytes(contents)
    return subprocess.run(
        [sys.executable, "-m", "compiler", "model.onnx", "--output", "generated", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), *sys.path]))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_message(case: Case, tmp_path: Path) -> None:
    result = compile_model(tmp_path, case.make(), *case.options)
    assert result.returncode == 1, result.stderr
    assert result.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx"]
    update = os.environ.get(UPDATE_VARIABLE)
    if update:
        (Path(update) / f"{case.name}.txt").write_text(result.stderr)
    else:
        assert result.stderr == (EXPECTED / f"{case.name}.txt").read_text()


def test_every_expectation_has_a_case() -> None:
    assert sorted(path.stem for path in EXPECTED.iterdir()) == sorted(c.name for c in CASES)


def test_the_good_model_compiles(tmp_path: Path) -> None:
    """The cases fail for what is wrong with them, not for how the compiler is called."""
    result = compile_model(tmp_path, product())
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "generated" / "model.c").exists()
