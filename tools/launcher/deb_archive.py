"""Unpacks Debian packages without dpkg and without root rights.

A .deb is an ar archive (System V format, see ar(5)) whose member data.tar.* has the files.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools.launcher.messages import LauncherError

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_SIZE = 60

# Documentation and translations, and parts of the JDK that only compilers need.
_LEFT_OUT_BELOW_SHARE = {"man", "doc", "locale", "info", "javadoc", "lintian", "bug"}


def data_member(archive: bytes) -> tuple[str, bytes]:
    """Name and contents of the member data.tar.*; raises LauncherError where there is none."""
    if not archive.startswith(_AR_MAGIC):
        raise LauncherError("a downloaded package is not a .deb archive")
    offset = len(_AR_MAGIC)
    while offset + _AR_HEADER_SIZE <= len(archive):
        header = archive[offset : offset + _AR_HEADER_SIZE]
        name = header[:16].decode("ascii").rstrip(" /")
        size = int(header[48:58])
        offset += _AR_HEADER_SIZE
        if name.startswith("data.tar"):
            return name, archive[offset : offset + size]
        offset += size + size % 2
    raise LauncherError("a downloaded package has no data.tar")


def _is_left_out(path: PurePosixPath) -> bool:
    parts = path.parts
    if parts[:2] == ("usr", "share") and len(parts) > 3 and parts[2] in _LEFT_OUT_BELOW_SHARE:
        return True
    return "jmods" in parts or path.name == "src.zip"


@contextlib.contextmanager
def _tar(name: str, data: bytes) -> Iterator[tarfile.TarFile]:
    if name == "data.tar.xz":
        data = lzma.decompress(data)
    elif name != "data.tar":
        raise LauncherError(f"{name} is compressed in a way that the launcher does not read")
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        yield tar


def unpack(deb: Path, root: Path) -> None:
    """Unpacks the files of `deb` below `root`; owners, set-user-id bits, devices are left out.

    Directories that are symbolic links in `root` (/bin, /lib) stay links.
    """
    name, data = data_member(deb.read_bytes())
    with _tar(name, data) as tar:
        for member in tar:
            path = PurePosixPath(os.path.normpath("/" + member.name)).relative_to("/")
            if not path.parts or _is_left_out(path):
                continue
            _write(tar, member, root / path, root)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, root: Path) -> None:
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if member.issym():
        target.symlink_to(member.linkname)
    elif member.islnk():
        source = os.path.normpath("/" + member.linkname)
        os.link(root / source[1:], target)
    elif member.isfile():
        contents = tar.extractfile(member)
        assert contents is not None
        with open(target, "wb") as file:
            shutil.copyfileobj(contents, file)
        target.chmod(member.mode & 0o755 | 0o200)
        # Java's class data archive names the times of the files that it was made from.
        os.utime(target, (member.mtime, member.mtime))
