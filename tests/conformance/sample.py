"""One conformance case of every operator, several in one model, to run on simulators."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx.compose
from onnx import ModelProto, helper

from compiler.errors import CompileError
from compiler.frontend.import_model import ONNX_DOMAINS, SUPPORTED_OPSETS, import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators import OPERATORS
from tests.conformance.attempts import (
    PASSES,
    constants_of,
    converted,
    narrowed,
    with_constants,
)
from tests.conformance.cases import Case
from tests.conformance.records import Records, by_name

SAMPLE = Path("tests/conformance/sample.json")
"""Below the workspace."""
SHARDS = 7
OPSET = SUPPORTED_OPSETS[-1]
IR_VERSION = 10


@dataclass(frozen=True)
class Sample:
    """Names of the cases of each shard, and operators of which no case has a place.

    Such an operator has no case that passes in the operator set that all cases of a model share.
    """

    shards: tuple[tuple[str, ...], ...]
    missing: tuple[str, ...]

    def text(self) -> str:
        return json.dumps({"shards": self.shards, "missing": self.missing}, indent=1) + "\n"


def read(workspace: Path) -> Sample:
    data = json.loads((workspace / SAMPLE).read_text())
    return Sample(tuple(map(tuple, data["shards"])), tuple(data["missing"]))


def passing_operators(records: Records) -> list[str]:
    """Supported operators with a case of their own, not of their function, that passes."""
    names = [f"{domain}.{operator}" if domain else operator for domain, operator in OPERATORS]
    return sorted(name for name in names if _passing(records.get(name, {})))


def _passing(outcomes: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        name for outcome in PASSES for name in outcomes.get(outcome, ()) if "_expanded" not in name
    ]


def choose(cases: Sequence[Case], records: Records) -> Sample:
    """The smallest case of each operator, spread so that shards have about as many tensors."""
    outcome = by_name(records)
    known = {case.name: case for case in cases}
    chosen: list[tuple[int, str]] = []
    missing: list[str] = []
    for operator in passing_operators(records):
        candidates = [known[name] for name in _passing(records[operator])]
        for case in sorted(candidates, key=lambda case: (_size(case), case.name)):
            model = _model(case, outcome[case.name])
            if _compiles(model):
                tensors = len(model.graph.input) + len(model.graph.output)
                chosen.append((tensors, case.name))
                break
        else:
            missing.append(operator)
    shards: list[list[str]] = [[] for _ in range(SHARDS)]
    load = [0] * SHARDS
    for tensors, name in sorted(chosen, reverse=True):
        shard = load.index(min(load))
        shards[shard].append(name)
        load[shard] += tensors
    return Sample(tuple(tuple(sorted(names)) for names in shards), tuple(missing))


def _size(case: Case) -> tuple[bool, int, int]:
    """Orders cases: those without elements last, then by tensors, then by bytes."""
    inputs, outputs = case.data[0]
    sizes = [array.nbytes for array in (*inputs, *outputs)]
    return 0 in sizes, len(sizes), sum(sizes)


def _model(case: Case, outcome: str) -> ModelProto:
    constants = constants_of(case, outcome)
    return converted(with_constants(case, constants), range(OPSET, OPSET + 1))


def _compiles(model: ModelProto) -> bool:
    if not any(e.version == OPSET for e in model.opset_import if e.domain in ONNX_DOMAINS):
        return False
    try:
        lower(import_model(model), "")
    except CompileError:
        return False
    return True


def merge(cases: Sequence[Case], records: Records) -> tuple[ModelProto, dict[str, Array]]:
    """One model of all cases, whose tensors bear the case's name in front, and its inputs."""
    outcome = by_name(records)
    merged = onnx.GraphProto(name="conformance")
    inputs: dict[str, Array] = {}
    for case in cases:
        prefix = f"{case.name}/"
        model = onnx.compose.add_prefix(_model(case, outcome[case.name]), prefix)
        names = [value.name for value in model.graph.input]
        for name, array in zip(names, case.data[0][0], strict=False):
            data = narrowed(array)
            assert data is not None, "a case that passed has integers of 32 bits"
            inputs[name] = data
        merged.node.extend(model.graph.node)
        merged.input.extend(model.graph.input)
        merged.output.extend(model.graph.output)
        merged.initializer.extend(model.graph.initializer)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(merged, opset_imports=opsets, ir_version=IR_VERSION), inputs
