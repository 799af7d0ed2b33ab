"""Renews downloads.json from the locks: python3 -m tools.supply_chain.update_downloads

Licences, and the hashes of modules, stay those of the list. What is new, or has another version,
is given with --license NAME=SPDX_EXPRESSION and --hash MODULE=sha256:BASE64.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from tools.supply_chain.downloads import LIST, Download, differences, list_text, locked, read_list


def renewed(
    listed: list[Download],
    wanted: list[Download],
    licenses: dict[str, str],
    hashes: dict[str, str],
) -> list[Download]:
    """`wanted` with what is known of licences and of the hashes of modules."""
    known = {download.key: download for download in listed}
    result: list[Download] = []
    for download in wanted:
        old = known.get(download.key)
        license_ = licenses.get(download.name, old.license if old is not None else "")
        values = download.hashes
        if not values and download.name in hashes:
            values = (hashes[download.name],)
        elif not values and old is not None and old.version == download.version:
            values = old.hashes
        result.append(replace(download, hashes=values, license=license_))
    return result


def main(arguments: list[str]) -> int:
    """Writes the list; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--license", action="append", default=[], metavar="NAME=EXPRESSION")
    parser.add_argument("--hash", action="append", default=[], metavar="MODULE=sha256:BASE64")
    options = parser.parse_args(arguments)
    licenses = dict(value.split("=", 1) for value in options.license)
    hashes = dict(value.split("=", 1) for value in options.hash)
    root = Path()
    wanted = locked(root)
    listed = read_list(root) if LIST.exists() else []
    result = renewed(listed, wanted, licenses, hashes)
    LIST.write_text(list_text(result), encoding="utf-8")
    problems = differences(result, wanted)
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
