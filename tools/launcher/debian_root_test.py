"""Setting up a root from packages of the test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.launcher import debian_index, debian_root
from tools.launcher.debian_index import Deb
from tools.launcher.make_deb import entry, write_deb
from tools.launcher.messages import LauncherError, PackageGone

COMMANDS = ("gawk", "g++", "gcc", "bash", "which.debianutils")


def make_deb(folder: Path, group: str, files: Sequence[str]) -> tuple[Deb, bytes]:
    """A package with empty files."""
    data = write_deb(folder, [(entry("./" + name), b"") for name in files]).read_bytes()
    return Deb(group, f"pool/{group}.deb", hashlib.sha256(data).hexdigest(), len(data)), data


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Packages by path; the lock names them all."""
    base = ["etc/bazel/bazelrc", *(f"usr/bin/{command}" for command in COMMANDS)]
    made = [make_deb(tmp_path, "base", base), make_deb(tmp_path, "debug", ["usr/bin/gdb"])]
    served = {deb.path: data for deb, data in made}
    lock = [deb for deb, _ in made]

    def download(_: str, files: Sequence[Deb], folder: Path, _count: object) -> None:
        folder.mkdir(exist_ok=True)
        for file in files:
            if file.path not in served:
                raise PackageGone(f"{file.path} is gone (HTTP 404)")
            (folder / file.sha256).write_bytes(served[file.path])

    monkeypatch.delenv("TILEWRIGHT_PACKAGES", raising=False)
    monkeypatch.setattr(debian_index, "mirror", lambda: "http://mirror.invalid/")
    monkeypatch.setattr(debian_index, "read_lock", lambda: list(lock))
    monkeypatch.setattr(debian_root, "download_all", download)
    return served


@pytest.mark.usefixtures("mirror")
def test_the_root_is_complete_and_set_up_once(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    root = debian_root.ensure(cache)
    assert (root / "usr/bin/sh").readlink() == Path("bash")
    assert (root / debian_root.DEBIAN_BAZELRC).exists()
    assert not (root / "usr/bin/gdb").exists()
    marker = (root / str(debian_root.MARKER)[1:]).read_text()
    assert debian_root.ensure(cache) == root
    assert (root / str(debian_root.MARKER)[1:]).read_text() == marker
    assert not list((cache / "debs").iterdir())


@pytest.mark.usefixtures("mirror")
def test_a_group_is_added_to_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = debian_root.ensure(tmp_path)
    monkeypatch.setenv("TILEWRIGHT_PACKAGES", "debug")
    assert debian_root.ensure(tmp_path) == root
    assert (root / "usr/bin/gdb").exists()


def test_a_group_with_other_packages_is_set_up_again(
    mirror: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILEWRIGHT_PACKAGES", "debug")
    root = debian_root.ensure(tmp_path)
    deb, data = make_deb(tmp_path, "debug", ["usr/bin/gdbserver"])
    other = Deb(deb.group, "pool/gdbserver.deb", deb.sha256, deb.size)
    mirror[other.path] = data
    lock = [*debian_index.read_lock(), other]
    monkeypatch.setattr(debian_index, "read_lock", lambda: lock)
    assert debian_root.ensure(tmp_path) == root
    assert (root / "usr/bin/gdbserver").exists()


@pytest.mark.usefixtures("mirror")
def test_an_interrupted_set_up_starts_again(tmp_path: Path) -> None:
    root = debian_root.ensure(tmp_path)
    root.rename(root.with_suffix(".partial"))
    (root.with_suffix(".partial") / "usr/bin/left over").touch()
    assert not (debian_root.ensure(tmp_path) / "usr/bin/left over").exists()


def test_a_moved_mirror_is_resolved_anew(
    mirror: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del mirror["pool/base.deb"]
    files = ["etc/bazel/bazelrc", "usr/bin/new", *(f"usr/bin/{name}" for name in COMMANDS)]
    deb, data = make_deb(tmp_path, "base", files)
    newer = Deb("base", "pool/newer.deb", deb.sha256, deb.size)
    mirror[newer.path] = data
    monkeypatch.setattr(debian_index, "resolve", lambda _: [newer])
    root = debian_root.ensure(tmp_path)
    assert (root / "usr/bin/new").exists()
    output = capsys.readouterr().err
    assert "WARNING" in output
    assert "1 of 1 packages differ" in output


def test_unknown_groups_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILEWRIGHT_PACKAGES", "debug, nonsense")
    with pytest.raises(LauncherError, match="nonsense"):
        debian_root.requested_groups()
