"""Writes a C program that refers to every kernel, so that the linker keeps them all.

Arguments: the kernels' sources, each of which defines the function named after it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def program(kernels: Sequence[str]) -> str:
    """The program for kernels by the names of their files, `add_s8` for example."""
    declarations = [f"void tw_{kernel}(void);" for kernel in kernels]
    addresses = [f"    tw_{kernel}," for kernel in kernels]
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
    print(program(sorted(Path(name).stem for name in sys.argv[1:] if name.endswith(".c"))), end="")
