"""The programs that an engine for remote execution is made of."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, fields
from pathlib import Path

INSTALL = (
    "with the launcher's Debian root: TILEWRIGHT_PACKAGES=remote ./bazelw ... (docs/launcher.md); "
    "with a Bazel of your own: apt-get install buildbox postgresql util-linux"
)

# Debian keeps each version's programs of PostgreSQL in a folder of their own.
_POSTGRESQL = Path("/usr/lib/postgresql")


class EngineError(Exception):
    """The engine cannot be started, or has stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Programs:
    """Paths of programs."""

    initdb: str
    postgres: str
    buildbox_casd: str
    buildbox_worker: str
    buildbox_run_hosttools: str
    bwrap: str
    setpriv: str
    unshare: str


def find_programs() -> Programs:
    """All programs; raises EngineError that names every one that is not installed."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_postgresql_folders()])
    names = [field.name for field in fields(Programs)]
    found = {name: shutil.which(name.replace("_", "-"), path=path) for name in names}
    missing = [name.replace("_", "-") for name, program in found.items() if program is None]
    if missing:
        raise EngineError(
            f"not installed: {', '.join(missing)}. Remote execution on this machine needs them:\n"
            f"  {INSTALL}"
        )
    return Programs(**{name: program for name, program in found.items() if program})


def _postgresql_folders() -> list[str]:
    """The folders of all installed versions, the newest first."""
    versions = [folder for folder in _POSTGRESQL.glob("*/bin") if folder.parent.name.isdigit()]
    return [str(f) for f in sorted(versions, key=lambda f: int(f.parent.name), reverse=True)]
