"""What becomes of a conformance case: compiled to C and run, or refused, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto

from compiler.codegen.generate import GeneratedNetwork, generate
from compiler.codegen.network_harness import CompiledNetwork, compile_together
from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.memory import plan
from compiler.passes import run_passes
from tests.conformance.attempts import WRONG, attempts, converted, narrowed, with_constants
from tests.conformance.cases import Case

INHERENT = (Code.UNSUPPORTED_OPERATOR.code, Code.UNSUPPORTED_DATA_TYPE.code)
"""Reasons that constants do not change: the one found first is the one to show."""


@dataclass(frozen=True)
class Compiled:
    """A case's generated network, and the run's inputs by name and expected outputs in order."""

    case: Case
    outcome: str
    network: GeneratedNetwork
    runs: tuple[tuple[Mapping[str, Array], Sequence[Array]], ...]


def outcomes(cases: Sequence[Case]) -> dict[str, str]:
    """Outcome of each case by name: one of `PASSES`, a reason for refusal, or `WRONG` and how."""
    result: dict[str, str] = {}
    compiled: list[Compiled] = []
    for index, case in enumerate(cases):
        found = _compile(case, f"case{index}")
        if isinstance(found, Compiled):
            compiled.append(found)
        else:
            result[case.name] = found
    for entry, network in zip(compiled, _build(compiled), strict=True):
        result[entry.case.name] = network if isinstance(network, str) else _run(entry, network)
    return dict(sorted(result.items()))


def _build(compiled: Sequence[Compiled]) -> list[CompiledNetwork | str]:
    if not compiled:
        return []
    try:
        return [*compile_together([entry.network for entry in compiled])]
    except RuntimeError:
        # One of them is at fault: find out which.
        return [_build_alone(entry.network) for entry in compiled]


def _build_alone(network: GeneratedNetwork) -> CompiledNetwork | str:
    try:
        return CompiledNetwork(network)
    except RuntimeError as error:
        first = next((line for line in str(error).splitlines() if "error" in line), str(error))
        return f"{WRONG}the C does not compile: {first}"


def _compile(case: Case, name: str) -> Compiled | str:
    """The network, or why the most permissive attempt was refused."""
    if any(array is None for inputs, outputs in case.data for array in (*inputs, *outputs)):
        return "an input or output is a sequence or an optional, not a tensor"
    unusual = sorted({a.dtype.name for runs in case.data for side in runs for a in side} - _NAMES)
    if unusual:
        return f"{Code.UNSUPPORTED_DATA_TYPE.code}: {_spelt(unusual[0])}"
    refusal = ""
    for attempt in attempts(case):
        model = with_constants(case, attempt.constants)
        try:
            network = _generate(converted(model), name)
        except CompileError as error:
            if not refusal.startswith(INHERENT):
                refusal = _reason(error)
            continue
        except Exception as error:  # any other is a defect, which must not hide other cases
            return f"{WRONG}the compiler raises {type(error).__name__}: {_first_line(error)}"
        arguments = [value.name for value in model.graph.input]
        runs: list[tuple[Mapping[str, Array], Sequence[Array]]] = []
        for inputs, outputs in case.data:
            given = {n: narrowed(array) for n, array in zip(arguments, inputs, strict=False)}
            wanted = [narrowed(array) for array in outputs]
            if any(array is None for array in (*given.values(), *wanted)):
                return "an input or output has integers beyond 32 bits"
            runs.append((given, wanted))  # pyright: ignore[reportArgumentType]
        return Compiled(case, attempt.outcome, network, tuple(runs))
    return refusal


def _generate(model: ModelProto, name: str) -> GeneratedNetwork:
    graph = lower(import_model(model), "")
    run_passes(graph)
    return generate(name, [graph], plan([graph]))


_NAMES = {"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32"}


def _spelt(data_type: str) -> str:
    return "string" if data_type == "object" or data_type.startswith("str") else data_type


def _reason(error: CompileError) -> str:
    """The first problem without the names and sizes that differ from model to model."""
    problem = error.problems[0]
    code = problem.code.code
    if problem.code is Code.UNSUPPORTED_OPSET:
        return f"{code}: {problem.found}"
    if problem.code is Code.UNSUPPORTED_OPERATOR:
        return f"{code}: {problem.where}"
    if problem.code is Code.UNSUPPORTED_DATA_TYPE:
        return f"{code}: {problem.found.removeprefix('its elements are ')}"
    operator = re.search(r" \((\w+)\)$", problem.where)
    found = problem.found.split(": ")[0] if problem.code is Code.INVALID_MODEL else problem.found
    found = re.sub(r"'[^']*'", "…", found)
    found = re.sub(r"\[[^]]*\]|\([-\d, ]*\)", "[…]", found)
    found = re.sub(r"(?<![\w.])-?\d+(\.\d+)?(e-?\d+)?(?![\w])", "N", found)
    return f"{code}: {f'{operator[1]}: ' if operator else ''}{found}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")


def _run(compiled: Compiled, network: CompiledNetwork) -> str:
    network.reset()
    for inputs, wanted in compiled.runs:
        found = list(network.run("", inputs).values())
        for index, (want, have) in enumerate(zip(wanted, found, strict=True)):
            problem = _difference(want, have, compiled.case)
            if problem:
                return f"{WRONG}output {index}: {problem}"
    return compiled.outcome


def _difference(want: Array, have: Array, case: Case) -> str:
    """How the arrays differ; empty if they agree."""
    if (want.dtype, want.shape) != (have.dtype, have.shape):
        return f"{have.dtype}{list(have.shape)} instead of {want.dtype}{list(want.shape)}"
    if want.dtype.kind == "f":
        same: Any = np.isclose(have, want, rtol=case.rtol, atol=case.atol, equal_nan=True)
    else:
        same = have == want
    wrong = np.argwhere(~np.atleast_1d(same).reshape(-1)).reshape(-1)
    if not wrong.size:
        return ""
    first = int(wrong[0])
    return (
        f"{wrong.size} of {want.size} elements differ, the first at index {first}: "
        f"{have.reshape(-1)[first]} instead of {want.reshape(-1)[first]}"
    )
