"""Writes a C program that refers to every kernel, so that the linker keeps them all.

Arguments: the kernels' sources. A kernel's file defines the function named after it; what kernels
share is in files that do not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


def kernels(files: Iterable[Path]) -> Iterator[str]:
    """Names of the kernels that are defined, by hand or by a macro, in C files named after them."""
    for file in files:
        defined = rf"void tw_{file.stem}\(|^\w+\(tw_{file.stem}[,)]"
        if file.suffix == ".c" and re.search(defined, file.read_text("utf-8"), re.MULTILINE):
            yield file.stem


def program(names: Sequence[str]) -> str:
    """The program for kernels by the names of their files, `add_s8` for example."""
    declarations = [f"void tw_{kernel}(void);" for kernel in names]
    addresses = [f"    tw_{kernel}," for kernel in names]
    lines = [
        "/* Never run: the declarations are not those of the kernels. */",
        *declarations,
        "",
        "void (*const volatile every_kernel[])(void) = {",
        *addresses,
        "};",
        "",
        "int main(void) {",
        "  return every_kernel[0] == 0;",
        "}",
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(program(sorted(kernels(Path(name) for name in sys.argv[1:]))), end="")
