"""Makes Debian packages for the tests of what reads them."""

from __future__ import annotations

import io
import lzma
import tarfile
from pathlib import Path


def ar(members: dict[str, bytes]) -> bytes:
    """An ar archive as ar(5) describes it."""
    archive = b"!<arch>\n"
    for name, data in members.items():
        archive += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        archive += data + b"\n" * (len(data) % 2)
    return archive


def tar(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar archive, compressed with xz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry, data in entries:
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return lzma.compress(buffer.getvalue())


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, link: str = ""
) -> tarfile.TarInfo:
    """One entry of a tar archive."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.mtime = kind, mode, link, 1_000_000_000
    return info


def write_deb(folder: Path, entries: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """A .deb with the entries."""
    deb = folder / "package.deb"
    control = b"odd"  # The next member begins at an even offset all the same.
    deb.write_bytes(
        ar({"debian-binary": b"2.0\n", "control.tar.xz": control, "data.tar.xz": tar(entries)})
    )
    return deb
