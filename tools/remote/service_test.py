"""Servers that run beside a program: they are waited for, and nothing of them is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.remote.programs import EngineError
from tools.remote.service import Service

_LONG = "300"


def start(folder: Path, script: str) -> Service:
    setpriv = shutil.which("setpriv")
    assert setpriv, "setpriv is not installed; run: apt-get install util-linux"
    return Service("server", ["sh", "-c", script], folder, setpriv=setpriv)


def wait_for(file: Path) -> int:
    """The number that a process writes into `file`."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if file.exists() and file.read_text().endswith("\n"):
            return int(file.read_text())
        time.sleep(0.02)
    raise AssertionError(f"{file} was not written")


def has_ended(process: int) -> bool:
    """Whether a process that is no child of this one is gone, or soon is."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_a_service_that_ends_too_early_shows_its_last_lines(tmp_path: Path) -> None:
    service = start(tmp_path, "echo first; echo the address is in use; exit 3")
    with pytest.raises(EngineError, match="server has ended:\nfirst\nthe address is in use"):
        service.wait_until(lambda: False)


def test_a_stopped_service_and_its_children_are_gone(tmp_path: Path) -> None:
    service = start(tmp_path, f"sleep {_LONG} & echo $! > child; wait")
    child = wait_for(tmp_path / "child")
    service.wait_until(lambda: True)
    assert service.is_running()
    service.stop()
    assert not service.is_running()
    assert has_ended(child)


def test_a_killed_service_has_no_time_to_tidy_up(tmp_path: Path) -> None:
    service = start(tmp_path, f"trap 'touch tidy; exit' TERM; echo $$ > own; sleep {_LONG} & wait")
    wait_for(tmp_path / "own")
    service.kill()
    assert service.process.returncode == -signal.SIGKILL
    assert not (tmp_path / "tidy").exists()


def test_a_service_ends_when_the_program_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, shutil, signal\n"
        "from tools.remote.service import Service\n"
        "Service('server', ['sh', '-c', 'echo $$ > own; exec sleep 300'], pathlib.Path.cwd(),"
        " setpriv=shutil.which('setpriv'))\n"
        "while not pathlib.Path('own').exists(): pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, check=False
    )
    assert result.returncode == -signal.SIGKILL
    assert has_ended(wait_for(tmp_path / "own"))
