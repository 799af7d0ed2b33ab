"""Where the engine's programs come from, and what is said where they are missing."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tools.remote import programs
from tools.remote.programs import EngineError, Programs, find_programs


def install(folder: Path, name: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.touch(mode=0o755)
    return str(program)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no program but those that the test installs."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(programs, "_POSTGRESQL", tmp_path / "postgresql")
    return tmp_path


def test_all_that_is_missing_is_named_with_what_installs_it(machine: Path) -> None:
    install(machine / "bin", "buildbox-casd")
    with pytest.raises(EngineError) as error:
        find_programs()
    assert "initdb, postgres, buildbox-worker, buildbox-run-hosttools" in str(error.value)
    assert "buildbox-casd" not in str(error.value)
    assert "TILEWRIGHT_PACKAGES=remote ./bazelw" in str(error.value)
    assert "apt-get install buildbox postgresql" in str(error.value)


def test_the_newest_postgresql_is_taken_from_debians_folders(machine: Path) -> None:
    for field in fields(Programs):
        if field.name not in ("initdb", "postgres"):
            install(machine / "bin", field.name.replace("_", "-"))
    for version in ("9", "17", "18"):
        newest = install(machine / "postgresql" / version / "bin", "postgres")
        install(machine / "postgresql" / version / "bin", "initdb")
    assert find_programs().postgres == newest
    assert find_programs().buildbox_worker == str(machine / "bin" / "buildbox-worker")
