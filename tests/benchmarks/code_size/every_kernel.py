"""Writes a C program that refers to every kernel, so that the linker keeps them all.

Arguments: the kernels' sources. A kernel's file defines the function named after it; what kernels
share is in files that do not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_IS_TEMPLATE = "_template.h"
_INCLUDES = re.compile(r'#include "tilewright/(\w+_template\.h)"')
_BITS = re.compile(r"_w\d$")


def kernels(files: Iterable[Path]) -> Iterator[str]:
    """Names of the kernels that are defined in C files named after them: by hand, by a macro, or
    by a template, a header that is included for each width of weights (weight_bits.h).
    """
    texts = {file: file.read_text("utf-8") for file in files}
    templates = {file.name: text for file, text in texts.items() if _IS_TEMPLATE in file.name}
    for file, text in texts.items():
        kernel = _BITS.sub("", file.stem)
        defined = rf"void tw_{file.stem}\(|^\w+\(tw_{file.stem}[,)]|void TW_OF_BITS\(tw_{kernel}\)"
        included = [templates.get(name, "") for name in _INCLUDES.findall(text)]
        if file.suffix == ".c" and re.search(defined, "".join([text, *included]), re.MULTILINE):
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
