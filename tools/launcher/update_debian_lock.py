"""Renews debian.lock from the mirror's current index.

Usage, at the root of the checkout: python3 -m tools.launcher.update_debian_lock
"""

from __future__ import annotations

import sys

from tools.launcher import debian_index
from tools.launcher.messages import LauncherError, say


def main() -> int:
    """Writes the lock; returns the exit status."""
    try:
        debs = debian_index.resolve(debian_index.mirror())
    except LauncherError as error:
        say(str(error))
        return 1
    path = debian_index.write_lock(debs)
    for group in (debian_index.BASE, *debian_index.GROUPS):
        sizes = [deb.size for deb in debs if deb.group == group]
        say(f"{group}: {len(sizes)} packages, {sum(sizes) >> 20} MiB")
    say(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
