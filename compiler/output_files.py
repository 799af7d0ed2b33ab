"""Writes files all together or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from compiler.errors import Code, CompileError, Problem


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Writes every file under a temporary name beside its own, then renames them all.

    Folders are made as needed. Raises CompileError (TW-0001) if a file cannot be written; then no
    file has changed.
    """
    temporary: dict[Path, Path] = {}
    path = Path()
    try:
        for path, data in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(None, "it is a folder")
            name = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            temporary[path] = name
            name.write_bytes(data)
        for path, name in temporary.items():
            name.replace(path)
    except OSError as error:
        raise CompileError(
            [
                Problem(
                    Code.UNREADABLE_FILE,
                    str(path),
                    error.strerror or str(error),
                    advice="write to a folder where files can be made",
                )
            ]
        ) from error
    finally:
        for name in temporary.values():
            name.unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """A text file's contents. Raises CompileError (TW-0001) if there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CompileError(
            [Problem(Code.UNREADABLE_FILE, str(path), reason, advice="check the path")]
        ) from error
