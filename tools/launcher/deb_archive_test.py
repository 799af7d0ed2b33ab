"""Unpacking packages that the tests make themselves."""

from __future__ import annotations

import stat
import tarfile
from pathlib import Path

import pytest

from tools.launcher import deb_archive
from tools.launcher.make_deb import ar, entry, write_deb
from tools.launcher.messages import LauncherError


def test_files_links_and_modes(tmp_path: Path) -> None:
    deb = write_deb(
        tmp_path,
        [
            (entry("./", tarfile.DIRTYPE, 0o755), b""),
            (entry("./usr/bin/tool", mode=0o4755), b"tool"),
            (entry("./usr/bin/link", tarfile.SYMTYPE, link="tool"), b""),
            (entry("./usr/bin/hard", tarfile.LNKTYPE, link="./usr/bin/tool"), b""),
            (entry("./usr/share/data", mode=0o444), b"data"),
        ],
    )
    root = tmp_path / "root"
    deb_archive.unpack(deb, root)
    tool = root / "usr/bin/tool"
    assert tool.read_bytes() == b"tool"
    assert stat.S_IMODE(tool.stat().st_mode) == 0o755
    assert tool.stat().st_mtime == 1_000_000_000
    assert (root / "usr/bin/link").readlink() == Path("tool")
    assert (root / "usr/bin/hard").samefile(tool)
    assert stat.S_IMODE((root / "usr/share/data").stat().st_mode) == 0o644


def test_a_folder_that_is_a_link_stays_one(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "usr/lib").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    deb = write_deb(
        tmp_path, [(entry("./lib", tarfile.DIRTYPE, 0o755), b""), (entry("./lib/a.so"), b"a")]
    )
    deb_archive.unpack(deb, root)
    assert (root / "lib").is_symlink()
    assert (root / "usr/lib/a.so").read_bytes() == b"a"


def test_documentation_is_left_out(tmp_path: Path) -> None:
    deb = write_deb(
        tmp_path,
        [
            (entry("./usr/share/doc/tool/README"), b"x"),
            (entry("./usr/share/locale/de/tool.mo"), b"x"),
            (entry("./usr/share/tool/doc"), b"x"),
        ],
    )
    deb_archive.unpack(deb, tmp_path / "root")
    files = [file for file in (tmp_path / "root").rglob("*") if file.is_file()]
    assert files == [tmp_path / "root/usr/share/tool/doc"]


def test_nothing_is_written_outside_of_the_root(tmp_path: Path) -> None:
    deb = write_deb(tmp_path, [(entry("../../escaped"), b"x")])
    deb_archive.unpack(deb, tmp_path / "root")
    assert not (tmp_path / "escaped").exists()
    assert (tmp_path / "root/escaped").exists()


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"not an archive", "not a .deb"),
        (ar({"debian-binary": b"2.0\n"}), "no data.tar"),
        (ar({"data.tar.br": b""}), "data.tar.br is compressed"),
    ],
)
def test_damaged_packages_are_errors(tmp_path: Path, archive: bytes, message: str) -> None:
    deb = tmp_path / "package.deb"
    deb.write_bytes(archive)
    with pytest.raises(LauncherError, match=message):
        deb_archive.unpack(deb, tmp_path / "root")
