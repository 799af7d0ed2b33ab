"""The runs that an npz file of golden data consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.ir import Array


@dataclass
class Step:
    """One run of one entry point: arrays by the name of the model's tensor."""

    name: str
    entry_point: str
    inputs: dict[str, Array] = field(default_factory=dict[str, Array])
    outputs: dict[str, Array] = field(default_factory=dict[str, Array])


def steps_of(arrays: Mapping[str, Array]) -> list[Step]:
    """Steps in the order in which they run, from `<step>/<entry point>/<role>/<tensor>` keys."""
    steps: dict[tuple[str, str], Step] = {}
    for key, array in arrays.items():
        name, entry_point, role, tensor = key.split("/", 3)
        step = steps.setdefault((name, entry_point), Step(name, entry_point))
        {"input": step.inputs, "output": step.outputs}[role][tensor] = array
    return [steps[key] for key in sorted(steps)]
