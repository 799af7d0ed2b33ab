"""QEMU from the distribution's packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.launcher import qemu

PRINTED = """\
Reading package lists...
The following NEW packages will be installed:
'http://mirror.invalid/debian/pool/q/qemu_1%3a7.2_amd64.deb' qemu_1%3a7.2_amd64.deb 12 SHA256:00ff
'http://mirror.invalid/debian/pool/l/lib_1_amd64.deb' lib_1_amd64.deb 34 MD5Sum:11ee
"""


def test_files_that_apt_prints() -> None:
    first, second = qemu.parse_uris(PRINTED)
    assert first.size == 12
    assert first.digest == "SHA256:00ff"
    assert second.url.endswith("/lib_1_amd64.deb")


def test_actions_find_qemu_in_the_system_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu.shutil, "which", lambda _: "/usr/bin/qemu-system-riscv32")
    assert qemu.folder_with_qemu(tmp_path) is None
    monkeypatch.setattr(qemu.shutil, "which", lambda _: "/opt/qemu/bin/qemu-system-riscv32")
    assert qemu.folder_with_qemu(tmp_path) == "/opt/qemu/bin"


def test_options_add_the_folder_to_the_path_of_actions() -> None:
    assert "build --test_env=PATH=/bin:/usr/bin:/usr/local/bin:/opt/qemu/bin\n" in qemu.options(
        "/opt/qemu/bin"
    )


def test_without_qemu_the_install_line_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert qemu.folder_with_qemu(tmp_path) is None
    assert "apt install qemu-system" in capsys.readouterr().err
