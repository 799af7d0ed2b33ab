"""What the launcher makes of its arguments and its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.launcher import main


def test_path_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/model.onnx").touch()
    monkeypatch.chdir(tmp_path)
    found = main.path_arguments(
        [
            "build",
            "//real:all",
            "./link",
            "--config=x",
            f"--override_module=a={tmp_path}/real",
            "link/model.onnx",
            "/nonexistent/file",
        ]
    )
    assert found == [(tmp_path / "real").resolve()] * 3


def test_a_launcher_that_asks_itself_stops(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TILEWRIGHT_BAZELW_IS_ASKING", "1")
    with pytest.raises(SystemExit) as exit_info:
        main.main(["--version"])
    assert exit_info.value.code == 2
    assert "bazelw itself" in capsys.readouterr().err
