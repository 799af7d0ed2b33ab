"""Memory planning: which tensors share memory, where they are, and the proof that it works."""

from compiler.memory.memory_map import (
    Copy,
    InArena,
    InConstant,
    InInput,
    InOutput,
    InState,
    Location,
    MemoryMap,
    interface_inputs,
    interface_outputs,
)
from compiler.memory.place import solve
from compiler.memory.plan import (
    DEFAULT_ALIGNMENT,
    Plan,
    StateBuffer,
    plan,
    plan_of,
    problem_of,
    problems_of,
)
from compiler.memory.problem import (
    Buffer,
    Placement,
    PlacementProblem,
    placements_from_json,
    placements_to_json,
    problems_from_json,
    problems_to_json,
)

__all__ = [
    "DEFAULT_ALIGNMENT",
    "Buffer",
    "Copy",
    "InArena",
    "InConstant",
    "InInput",
    "InOutput",
    "InState",
    "Location",
    "MemoryMap",
    "Placement",
    "PlacementProblem",
    "Plan",
    "StateBuffer",
    "interface_inputs",
    "interface_outputs",
    "placements_from_json",
    "placements_to_json",
    "plan",
    "plan_of",
    "problem_of",
    "problems_from_json",
    "problems_of",
    "problems_to_json",
    "solve",
]
