"""Prints the code size of every kernel, and which kernels each network brings into a program.

Options: --kernels PLATFORM=MAP for programs with all kernels, --network NAME=MAP for firmware.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.code_size.linker_map import Size, kernel_sizes


def kernels_text(platforms: Mapping[str, Mapping[str, Size]]) -> str:
    """One line per kernel, with bytes of code and data on every platform."""
    names = sorted({name for sizes in platforms.values() for name in sizes})
    head = f"{'kernel':28}" + "".join(f"{f'{name} text':>16}{'data':>8}" for name in platforms)
    lines = [head]
    for name in names:
        columns = [sizes.get(name, Size(0, 0)) for sizes in platforms.values()]
        lines.append(f"{name:28}" + "".join(f"{s.text:>16,}{s.data:>8,}" for s in columns))
    totals = [
        Size(sum(s.text for s in sizes.values()), sum(s.data for s in sizes.values()))
        for sizes in platforms.values()
    ]
    count = f"all {len(names)}"
    lines.append(f"{count:28}" + "".join(f"{s.text:>16,}{s.data:>8,}" for s in totals))
    return "\n".join(lines)


def network_text(name: str, sizes: Mapping[str, Size]) -> str:
    """The kernels of one program with their bytes, the largest first."""
    ranked = sorted(sizes.items(), key=lambda item: (-item[1].total, item[0]))
    total = sum(size.total for size in sizes.values())
    listing = ", ".join(f"{kernel} {size.total:,}" for kernel, size in ranked)
    return f"{name}: {len(sizes)} kernels, {total:,} bytes\n  {listing}"


def _pair(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, Path(path)


def main(arguments: list[str]) -> str | None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", type=_pair, action="append", default=[])
    parser.add_argument("--network", type=_pair, action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        platforms = {name: kernel_sizes(path) for name, path in options.kernels}
        networks = {name: kernel_sizes(path) for name, path in options.network}
    except (OSError, ValueError) as error:
        return f"code_size: {error}"
    print(kernels_text(platforms))
    for name, sizes in networks.items():
        print(f"\n{network_text(name, sizes)}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
