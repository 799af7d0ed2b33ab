"""Which stretches of calls are folded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from compiler.codegen.repetition import Segment, segments_of
from compiler.codegen.steps import Operand, Step
from compiler.ir import DataType, Kernel, TensorType
from compiler.memory import InArena


def chain(kernels: Sequence[str], crossing: Sequence[int] = ()) -> list[Step]:
    """Calls, one letter each, that read what the call before made; those whose index is in
    `crossing` also read what the call two before made."""
    type_ = TensorType(DataType.INT8, (4,))
    steps: list[Step] = []
    for index, kernel in enumerate(kernels):
        read = [index - 1, index - 2 if index in crossing else index - 1]
        operands = [Operand(f"value{i}", "int8_t", InArena(8 * i)) for i in read]
        made = Operand(f"value{index}", "int8_t", InArena(8 * index), written=True, made=True)
        call = Kernel(f"tw_{kernel}", "header.h", {"shift": index})
        steps.append(Step(None, kernel, call, (*operands, made), (type_, type_), (type_,)))
    return steps


@pytest.mark.parametrize(
    ("kernels", "expected"),
    [
        ("", []),
        ("abcdefgh", [(0, 8, 1)]),
        ("aaaaaa", [(0, 6, 1)]),
        ("aaaaaaa", [(0, 1, 7)]),
        ("xabcabcabcy", [(0, 1, 1), (1, 3, 3), (10, 1, 1)]),
        ("abcdefabcdef", [(0, 6, 2)]),
        ("abcdabcd", [(0, 8, 1)]),
        ("ababababxcdecdecde", [(0, 2, 4), (8, 1, 1), (9, 3, 3)]),
        ("abababababab", [(0, 2, 6)]),
    ],
)
def test_segments(kernels: str, expected: list[tuple[int, int, int]]) -> None:
    assert segments_of(chain(kernels)) == [Segment(*segment) for segment in expected]


def test_layers_are_cut_where_fewest_values_cross() -> None:
    # A period of three, and one call more before; only between c and a does one value cross.
    kernels = "cabcabcabc"
    crossing = [index for index, kernel in enumerate(kernels) if kernel in "bc"]
    segments = segments_of(chain(kernels, crossing))
    assert [kernels[segment.first] for segment in segments if segment.count > 1] == ["a"]


def test_other_shapes_are_other_layers() -> None:
    steps = chain("abcabcabc")
    wide = TensorType(DataType.INT8, (5,))
    steps[4] = Step(None, "b", steps[4].kernel, steps[4].operands, (wide, wide), (wide,))
    assert [segment.count for segment in segments_of(steps)] == [1]
