"""What is remembered between calls, and for how long."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.launcher import cache
from tools.launcher.cache import Verdicts
from tools.launcher.messages import LauncherError


def test_verdicts_are_kept_between_calls(tmp_path: Path) -> None:
    Verdicts(tmp_path).put("good", good=True)
    Verdicts(tmp_path).put("bad", good=False)
    verdicts = Verdicts(tmp_path)
    assert verdicts.get("good") is True
    assert verdicts.get("bad") is False
    assert verdicts.get("new") is None


def test_failure_is_forgotten_after_a_day(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    verdicts.put("bad", good=False)
    stored = json.loads(verdicts.path.read_text())
    stored["bad"]["time"] = time.time() - 25 * 3600
    verdicts.path.write_text(json.dumps(stored))
    assert Verdicts(tmp_path).get("bad") is None


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "bazel_candidates.json").write_text(text)
    assert Verdicts(tmp_path).get("anything") is None


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(LauncherError, match="XDG_CACHE_HOME"):
        cache.cache_folder()


def test_the_lock_keeps_a_second_process_waiting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = (
        "import fcntl, sys, time\n"
        "file = open(sys.argv[1], 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(1)\n"
    )
    command = [sys.executable, "-c", holder, str(tmp_path / "root.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with cache.exclusive(tmp_path, "root"):
            assert process.wait(timeout=10) == 0
    assert "waiting" in capsys.readouterr().err
