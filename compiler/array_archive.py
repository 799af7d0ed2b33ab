"""Reads .npz files that somebody else wrote."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

DAMAGES = (
    *(ValueError, EOFError, KeyError, OverflowError, MemoryError, OSError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError, SyntaxError, struct.error),
)
"""What reading an archive raises that is none, is cut off or has other bytes than were written."""


class DamagedArchiveError(ValueError):
    """A file is no archive of arrays, or is damaged; the text says what is wrong with it."""


def read_arrays(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of an .npz file by name, in its order.

    Raises:
        DamagedArchiveError: if it is no such file, or has objects of Python in it.
        OSError: if it cannot be read.
    """
    content = path.read_bytes()
    try:
        archive = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array")
        return {name: archive[name] for name in archive.files}
    except DAMAGES as error:
        raise DamagedArchiveError(" ".join(str(error).split())) from error
