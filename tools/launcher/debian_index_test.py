"""Dependencies, the lock, and where the mirror is."""

from __future__ import annotations

import pytest

from tools.launcher import debian_index
from tools.launcher.debian_index import Deb, closure, lock_text, parse_index, read_lock
from tools.launcher.messages import LauncherError

INDEX = """\
Package: tool
Depends: libtool (>= 1.2), shell | dash, virtual-editor, python3:any
Pre-Depends: base [amd64]
Description: a tool
 with a longer description: that is not a field
Filename: pool/tool.deb

Package: libtool
Depends: tool

Package: dash

Package: bash
Provides: shell (= 5), posix-shell

Package: nano
Provides: virtual-editor

Package: ed
Provides: virtual-editor

Package: python3

Package: base
"""


def test_index_fields() -> None:
    packages = parse_index(INDEX)
    assert packages["tool"]["Filename"] == "pool/tool.deb"
    assert set(packages) == {"tool", "libtool", "dash", "bash", "nano", "ed", "python3", "base"}


def test_closure_takes_the_first_alternative_and_provider() -> None:
    found = closure(parse_index(INDEX), ["tool"], [])
    assert found == ["base", "bash", "libtool", "nano", "python3", "tool"]


def test_closure_uses_what_is_already_there() -> None:
    found = closure(parse_index(INDEX), ["dash", "ed", "tool"], [])
    assert found == ["base", "dash", "ed", "libtool", "python3", "tool"]


def test_what_is_left_out_counts_as_there() -> None:
    found = closure(parse_index(INDEX), ["tool"], ["shell", "virtual-editor", "python3"])
    assert found == ["base", "libtool", "tool"]


def test_unknown_packages_are_named() -> None:
    with pytest.raises(LauncherError, match="absent"):
        closure(parse_index(INDEX), ["tool", "absent"], [])


def test_the_lock_reads_back_what_it_was_written_from() -> None:
    debs = [Deb("base", "pool/a.deb", "00ff", 12), Deb("debug", "pool/b.deb", "11ee", 34)]
    assert read_lock(lock_text(reversed(debs))) == debs


def test_the_committed_lock_has_all_groups_and_full_hashes() -> None:
    lock = read_lock()
    assert {deb.group for deb in lock} == {"base", *debian_index.GROUPS}
    assert all(len(deb.sha256) == 64 and deb.size > 0 for deb in lock)
    assert any("/bazel-bootstrap_7.7.1" in deb.path for deb in lock)
    assert any("/qemu-system-riscv_" in deb.path for deb in lock)


def test_the_users_mirror_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILEWRIGHT_DEBIAN_MIRROR", "http://mirror.invalid/debian")
    assert debian_index.mirror() == "http://mirror.invalid/debian/"


def test_without_a_mirror_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("TILEWRIGHT_DEBIAN_MIRROR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(LauncherError, match="TILEWRIGHT_DEBIAN_MIRROR"):
        debian_index.mirror()
