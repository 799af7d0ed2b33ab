"""Golden data as C source, for //firmware/apps/inference_check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from compiler.ir import Array
from tools.golden.steps import Step

WORD_BYTES = 4
WORDS_A_LINE = 8


def c_source(steps: list[Step]) -> str:
    """A C file that defines `tilewright_golden` (firmware/apps/inference_check/golden.h).

    All numbers are little-endian words; every array is aligned for any kernel.
    """
    lines = [
        "/* Generated: inputs of a network and the outputs that its interpreter gives. */",
        '#include "firmware/apps/inference_check/golden.h"',
        "",
        "#define ALIGNED __attribute__((aligned(64)))",
        "",
    ]
    rows: list[str] = []
    for index, step in enumerate(steps):
        for role, tensors in (("input", step.inputs), ("output", step.outputs)):
            lines += _tensors(f"step_{index}_{role}", tensors, writable=role == "output")
        name, entry_point = _string(step.name), _string(step.entry_point)
        counts = f"{len(step.inputs)}, {len(step.outputs)}"
        rows.append(
            f"  {{{name}, {entry_point}, step_{index}_inputs, step_{index}_outputs, {counts}}},"
        )
    return "\n".join(
        [
            *lines,
            "static const tw_golden_step steps[] = {",
            *rows,
            "};",
            "",
            f"const tw_golden tilewright_golden = {{steps, {len(steps)}}};",
            "",
        ]
    )


def _tensors(prefix: str, tensors: Mapping[str, Array], *, writable: bool) -> Iterable[str]:
    """Arrays with the tensors' data, room for the found outputs, and a table of both."""
    rows: list[str] = []
    for index, (name, array) in enumerate(tensors.items()):
        data = np.ascontiguousarray(array).tobytes()
        words = np.frombuffer(data + bytes(-len(data) % WORD_BYTES), "<u4")
        variable = f"{prefix}_{index}"
        yield f"static const uint32_t {variable}[{max(len(words), 1)}] ALIGNED = {{"
        for start in range(0, len(words), WORDS_A_LINE):
            yield "  " + " ".join(f"{word:#x}," for word in words[start : start + WORDS_A_LINE])
        yield "};"
        found = "0"
        if writable:
            found = f"{variable}_found"
            yield f"static uint32_t {found}[{max(len(words), 1)}] ALIGNED;"
        rows.append(f"  {{{_string(name)}, {len(data)}, {variable}, {found}}},")
    yield f"static const tw_golden_tensor {prefix}s[] = {{"
    # C has no empty arrays; the count says that there is nothing.
    yield from rows or ["  {0, 0, 0, 0},"]
    yield "};"
    yield ""


def _string(text: str) -> str:
    """A C string literal; octal escapes cannot swallow the characters behind them."""
    plain = [
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
        for byte in text.encode()
    ]
    return f'"{"".join(plain)}"'
