"""Which engine runs an operator of which type, and with which kernels: found by compiling cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from onnx import ModelProto
from onnxruntime.quantization import QuantType

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Graph, Node, Operation, TensorType
from compiler.lowering.lower import lower
from compiler.passes import run_passes
from compiler.pipeline import choose_kernels
from compiler.target.neureka_form import layer_of, reason_against, windowed
from compiler.target.soc import Cluster, soc_of_text
from tests.conformance.attempts import PASSES, constants_of, converted, with_constants
from tests.conformance.cases import Case
from tests.conformance.records import Records, by_name
from tests.quantised.all_cases import CASES
from tests.quantised.quantiser import Options, quantise

SOC = Path("platforms/siracusa/soc.yaml")
KERNELS = Path("kernels")
"""Below the workspace."""

CASES_OF_A_TYPE = 6
"""How many conformance cases of an operator and a type are looked at, the smallest ones."""

QUANTISED = "int8, quantised"
_TEMPLATE = re.compile(r'^#include "(tilewright/\w+_template\.h)"', re.MULTILINE)
_DEFINITION = re.compile(r"^(?: *)(?!static)\w+ \*?(tw_\w+)(?:##\w+)?\([^;{]*\{", re.MULTILINE)
_NAME = re.compile(r"\btw_\w+")
_OPTIONS = Options(QuantType.QInt8, per_channel=True)
_SHAPES = 3
"""How many random shapes of each quantised case are looked at."""


@dataclass
class Engines:
    """What runs an operator of one type.

    Attributes:
        one_core: C kernels of a single core; none where the result is a view or folded.
        cluster: kernels of a cluster's cores.
        cut: whether all kernels of the cluster run on tiles; None if there are none.
        accelerator: whether the accelerator can do a case; whether it does is a matter of time.
    """

    one_core: set[str] = field(default_factory=set[str])
    cluster: set[str] = field(default_factory=set[str])
    cut: bool | None = None
    accelerator: bool = False


@dataclass(frozen=True)
class KernelSources:
    """What calls what among the kernels, to tell which use a cluster's instructions.

    `files` is the reference's file of a function, by default the one that is named after it;
    `names` are all names of functions in a reference's file; `overridden` the files that a
    cluster has in another form.
    """

    files: Mapping[str, str]
    names: Mapping[str, frozenset[str]]
    overridden: frozenset[str]

    def uses_corev(self, function: str) -> bool:
        """Whether a cluster has a form of its own of a kernel, or of what that calls."""
        seen: set[str] = set()
        queue = [function]
        while queue:
            name = queue.pop()
            file = self.files.get(name, name.removeprefix("tw_"))
            if file in self.overridden:
                return True
            if file not in seen:
                seen.add(file)
                queue += [name for name in self.names.get(file, ()) if name in self.files]
        return False


def kernel_sources(workspace: Path) -> KernelSources:
    """Reads the kernels' files: an override has the name of the reference that it replaces."""
    folder = workspace / KERNELS
    files: dict[str, str] = {}
    names: dict[str, frozenset[str]] = {}
    for path in sorted((folder / "ref").glob("*.c")):
        text = path.read_text()
        text += "".join((folder / "include" / name).read_text() for name in _TEMPLATE.findall(text))
        files |= dict.fromkeys(_DEFINITION.findall(text), path.stem)
        names[path.stem] = frozenset(_NAME.findall(text))
    overrides = [path for path in (folder / "xcorev").iterdir() if path.suffix in (".c", ".S")]
    return KernelSources(files, names, frozenset(path.stem for path in overrides))


def engines(
    workspace: Path, cases: Sequence[Case], records: Records
) -> dict[tuple[str, str], Engines]:
    """Engines by operator and type, from conformance cases that pass and from quantised ones."""
    cluster = soc_of_text((workspace / SOC).read_text()).cluster
    assert cluster is not None
    found: dict[tuple[str, str], Engines] = {}
    for operator, type_name, model in _models(cases, records):
        lowered = _lowered(model)
        if lowered is not None:
            entry = found.setdefault((operator, type_name), Engines())
            _add(entry, lowered, _names(model, operator), cluster)
    return dict(sorted(found.items()))


def _models(cases: Sequence[Case], records: Records) -> Iterator[tuple[str, str, ModelProto]]:
    outcomes = by_name(records)
    taken: dict[tuple[str, str], int] = {}
    for case in sorted(cases, key=lambda case: (case.model.ByteSize(), case.name)):
        if outcomes.get(case.name) not in PASSES or "_expanded" in case.name:
            continue
        if all(node.op_type != case.group for node in case.model.graph.node):
            continue
        constants = constants_of(case, outcomes[case.name])
        model = converted(with_constants(case, constants))
        type_name = _type_of(case)
        key = (case.group, type_name)
        taken[key] = taken.get(key, 0) + 1
        if taken[key] <= CASES_OF_A_TYPE:
            yield case.group, type_name, model
    for case in CASES:
        for seed in range(_SHAPES):
            under_test = case.make(np.random.default_rng(seed), case.operator)
            yield (
                case.operator,
                QUANTISED,
                quantise(under_test.model(), [under_test.inputs], _OPTIONS),
            )


def _type_of(case: Case) -> str:
    """The element type of the case's first input, or of its output if that is what it has."""
    inputs, outputs = case.data[0]
    name = next((array.dtype.name for array in [*inputs, *outputs] if array.dtype.name), "")
    return {"int64": "int32"}.get(name, name)


def _lowered(model: ModelProto) -> Callable[[], Graph] | None:
    """Makes the graph of a model, again and again; None if it is refused."""

    def graph() -> Graph:
        result = lower(import_model(model, {}), "")
        run_passes(result)
        return result

    try:
        graph()
    except CompileError:
        return None
    return graph


def _names(model: ModelProto, operator: str) -> set[str]:
    """Names of the nodes of an operator; empty if they have none."""
    return {node.name for node in model.graph.node if node.op_type == operator and node.name}


def _add(entry: Engines, lowered: Callable[[], Graph], names: set[str], cluster: Cluster) -> None:
    one, many = lowered(), lowered()
    for node, _ in _kernels(many, names):
        layer = layer_of(many, node)
        forms = (layer, windowed(layer) if layer else None)
        entry.accelerator |= any(form and reason_against(form) is None for form in forms)
    choose_kernels([one], None)
    choose_kernels([many], replace(cluster, accelerator=None))
    entry.one_core |= {kernel for _, kernel in _kernels(one, names)}
    for node, kernel in _kernels(many, names):
        entry.cluster.add(kernel)
        can_cut = bool(node.operation.tile_axes(_types(many, node)))
        entry.cut = can_cut if entry.cut is None else entry.cut and can_cut


def _kernels(graph: Graph, names: set[str]) -> Iterator[tuple[Node, str]]:
    for node in graph.nodes:
        operation: Operation = node.operation
        if operation.view_of is not None or (names and names.isdisjoint(node.origin)):
            continue
        outputs = [graph.values[name].type for name in node.outputs]
        kernel = operation.kernel(_types(graph, node), outputs)
        if kernel is not None:
            yield node, kernel.function


def _types(graph: Graph, node: Node) -> list[TensorType | None]:
    return [None if name is None else graph.values[name].type for name in node.inputs]
