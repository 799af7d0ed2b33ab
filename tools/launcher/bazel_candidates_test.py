"""Which Bazel is taken from PATH, and what is remembered about the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.launcher import bazel_candidates
from tools.launcher.cache import Verdicts
from tools.launcher.messages import LauncherError

VERSION = "7.7.1"


def make_program(folder: Path, name: str, prints: str, status: int = 0) -> Path:
    """A shell script that prints a text, counts its calls and exits."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f'#!/bin/sh\necho x >>"{folder}/calls"\necho "{prints}"\nexit {status}\n')
    program.chmod(0o755)
    return program


def calls(folder: Path) -> int:
    """How often the programs of a folder were called."""
    log = folder / "calls"
    return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.mark.parametrize(
    ("prints", "status", "taken"),
    [
        ("bazel 7.7.1", 0, True),
        ("bazel 7.7.10", 0, False),
        ("bazel 7.7.1-homebrew", 0, False),
        ("Bazelisk version: 1.28", 0, False),
        ("bazel 7.7.1", 1, False),
    ],
)
def test_only_exactly_the_wanted_version_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prints: str, status: int, taken: bool
) -> None:
    program = make_program(tmp_path / "bin", "bazel", prints, status)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.setattr(bazel_candidates.shutil, "which", lambda name: _which(tmp_path, name))
    found = bazel_candidates.on_path(VERSION, tmp_path, Verdicts(tmp_path))
    assert found == (str(program) if taken else None)


def _which(folder: Path, name: str) -> str | None:
    program = folder / "bin" / name
    return str(program) if program.exists() else None


def test_a_candidate_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_program(tmp_path / "bin", "bazel", "bazel 6.0.0")
    monkeypatch.setattr(bazel_candidates.shutil, "which", lambda name: _which(tmp_path, name))
    for _ in range(3):
        assert bazel_candidates.on_path(VERSION, tmp_path, Verdicts(tmp_path)) is None
    assert calls(tmp_path / "bin") == 1


def test_a_changed_candidate_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program(tmp_path / "bin", "bazel", "bazel 6.0.0")
    monkeypatch.setattr(bazel_candidates.shutil, "which", lambda name: _which(tmp_path, name))
    assert bazel_candidates.on_path(VERSION, tmp_path, Verdicts(tmp_path)) is None
    program = make_program(tmp_path / "bin", "bazel", "bazel 7.7.1 ")
    assert bazel_candidates.on_path(VERSION, tmp_path, Verdicts(tmp_path)) == str(program)


def test_bazelisk_comes_before_bazel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_program(tmp_path / "bin", "bazel", "bazel 7.7.1")
    bazelisk = make_program(tmp_path / "bin", "bazelisk", "bazel 7.7.1")
    monkeypatch.setattr(bazel_candidates.shutil, "which", lambda name: _which(tmp_path, name))
    found = bazel_candidates.on_path(VERSION, tmp_path, Verdicts(tmp_path))
    assert found == str(bazelisk)


def test_a_wrong_choice_of_the_user_is_an_error(tmp_path: Path) -> None:
    program = make_program(tmp_path / "bin", "bazel", "bazel 8.0.0")
    with pytest.raises(LauncherError, match=r"TILEWRIGHT_BAZEL=.*'bazel 7\.7\.1'"):
        bazel_candidates.chosen_by_user(str(program), VERSION, tmp_path)
    with pytest.raises(LauncherError):
        bazel_candidates.chosen_by_user(str(tmp_path / "absent"), VERSION, tmp_path)
