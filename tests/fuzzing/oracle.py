"""Whether what a compiled model computes is right: onnxruntime and ONNX's reference are the judges.

A quantised operator may be one step off, which what follows it can make larger without bound. So a
quantised model is judged layer by layer: each of its parts between QuantizeLinear nodes is given
the integers that the compiled model really has there.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto, helper, shape_inference
from onnx.reference import ReferenceEvaluator

from compiler.errors import CompileError
from compiler.frontend.check_structure import check_structure
from compiler.frontend.expand_operators import adopt_operators
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import FLOAT_TOLERANCE, run_onnxruntime
from compiler.passes import run_passes
from tests.fuzzing.open_elements import has_open_result, with_promised_elements
from tests.fuzzing.open_results import (
    multiplies_reals,
    rounded_operands,
    shifted,
    showing,
    with_maxima_of_nan,
)
from tests.fuzzing.single_precision import in_single_precision

INTEGER_LIMIT = 2**31
"""The compiler computes in int32 what a model has in int64 (docs/numerics.md)."""

UNIT_ROUNDOFF = 2.0**-24
"""Of float32."""

FAILED_RUN = "returned while running"
"""In onnxruntime's messages if a valid model fails on these data: ONNX leaves their result open."""

EQUAL = "equal to onnxruntime"
EQUAL_REFERENCE = "equal to ONNX's reference, not to onnxruntime or not run by it"
NOT_COMPARED = "run, but neither onnxruntime nor ONNX's reference does"
BESIDE_A_JUMP = "equal to onnxruntime but for rounding in front of a function that jumps"
ORDER = (EQUAL, EQUAL_REFERENCE, BESIDE_A_JUMP, NOT_COMPARED)


OPERANDS_OF_QUANTISED_GEMM = 9
"""QGemm without a scale and a zero point of its result makes real numbers."""


class Failure(Exception):
    """The compiler did what it never may."""


@dataclass(frozen=True)
class Part:
    """What makes one tensor of a model.

    Attributes:
        stored: the tensor is made by a QuantizeLinear.
        shape: what the whole model says about the tensor, if it does.
    """

    model: ModelProto
    target: str
    stored: bool
    shape: tuple[int, ...] | None


def judge(content: bytes, names: Sequence[str], graph: Graph, found: Mapping[str, Array]) -> str:
    """One of `ORDER`: who agrees with the values `found` by the interpreter.

    `names`: the model's inputs; `found` holds the lowered graph's inputs and outputs.

    Raises:
        Failure: a result differs from every implementation that gives one.
    """
    model = in_single_precision(ModelProto.FromString(content))
    # What the compiler sorts, and domains that it adds, others refuse.
    check_structure(model)
    adopt_operators(model)
    data = {name: found[value] for name, value in zip(names, graph.inputs, strict=True)}
    outputs = [value.name for value in model.graph.output]
    values = {name: found[value] for name, value in zip(outputs, graph.outputs, strict=True)}
    stored = list(_computed_integers(model))
    if stored:
        inner = _inner_values(model, stored, data, values)
        if inner is None:
            return NOT_COMPARED
        values |= inner
    verdicts = [_judge(part, data, values) for part in _parts(model, values, stored)]
    return max(verdicts, key=ORDER.index, default=EQUAL)


def _computed_integers(model: ModelProto) -> Iterator[str]:
    """Quantised results, except those of QuantizeLinear of the model's inputs, which are exact."""
    given = {value.name for value in (*model.graph.input, *model.graph.initializer)}
    for node in model.graph.node:
        exact = node.op_type == "QuantizeLinear" and node.input[0] in given
        if _quantises(node) and not exact:
            yield node.output[0]


def _quantises(node: NodeProto) -> bool:
    """Whether a node rounds real numbers to steps of a scale."""
    if node.op_type == "QGemm":
        return len(node.input) == OPERANDS_OF_QUANTISED_GEMM
    return node.op_type == "QuantizeLinear" or node.op_type.startswith("QLinear")


def _inner_values(
    model: ModelProto, wanted: Sequence[str], data: Mapping[str, Array], values: Mapping[str, Array]
) -> dict[str, Array] | None:
    """Tensors inside of the model, found by compiling it with these as further outputs."""
    shown = ModelProto()
    shown.CopyFrom(model)
    try:
        inferred = shape_inference.infer_shapes(model).graph.value_info
    except shape_inference.InferenceError:
        return None
    outputs = {value.name for value in model.graph.output}
    further = {value.name: value for value in inferred if value.name in set(wanted) - outputs}
    try:
        further |= _types(model, set(wanted) - outputs - further.keys(), data)
    # As everywhere: what onnxruntime refuses says nothing.
    except Exception:
        return None
    shown.graph.output.extend(further[name] for name in sorted(further))
    try:
        imported = import_model(shown)
        graph = lower(imported, "")
    except CompileError:
        return None
    run_passes(graph)
    inputs = {value: data[name] for name, value in zip(imported.inputs, graph.inputs, strict=True)}
    with np.errstate(all="ignore"):
        found = interpret(graph, inputs)
    result: dict[str, Array] = {}
    for name, value in zip(imported.outputs, graph.outputs, strict=True):
        if name not in values:
            result[name] = found[value]
        elif not np.array_equal(
            found[value], values[name], equal_nan=found[value].dtype.kind == "f"
        ):
            raise Failure(f"{name[:40]!r} changes if {wanted} are outputs too")
    return result


def _types(
    model: ModelProto, names: Set[str], data: Mapping[str, Array]
) -> dict[str, ValueInfoProto]:
    """Types of tensors that ONNX's inference does not know: what onnxruntime makes of them."""
    result: dict[str, ValueInfoProto] = {}
    for name in sorted(names):
        (array,) = run_onnxruntime(showing(model, name), _feeds(model, data))
        element = helper.np_dtype_to_tensor_dtype(array.dtype)
        result[name] = helper.make_tensor_value_info(name, element, array.shape)
    return result


def _feeds(model: ModelProto, values: Mapping[str, Array]) -> dict[str, Array]:
    """What a model's inputs hold, in its own types: the compiler narrows int64."""
    return {
        value.name: values[value.name].astype(
            helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        )
        for value in model.graph.input
        if value.name in values
    }


def _parts(model: ModelProto, values: Mapping[str, Array], stored: Sequence[str]) -> Iterator[Part]:
    makers = {name: node for node in model.graph.node for name in node.output if name}
    for target in values:
        if target in makers:
            part = _part(model, makers, target, values, stored)
            said = next((value for value in model.graph.output if value.name == target), None)
            yield Part(part, target, target in stored, said and _extents(said))


def _part(
    model: ModelProto,
    makers: Mapping[str, NodeProto],
    target: str,
    values: Mapping[str, Array],
    stored: Sequence[str],
) -> ModelProto:
    """What makes `target` of the model's inputs and of the `stored` tensors before it."""
    needed: set[str] = set()
    read: set[str] = set()
    open_names = [target]
    while open_names:
        name = open_names.pop()
        if name in read or name not in makers or (name in stored and name != target):
            read.add(name)
            continue
        read.add(name)
        needed |= set(makers[name].output)
        open_names += [name for name in makers[name].input if name]
    part = ModelProto()
    part.CopyFrom(model)
    graph = part.graph
    kept = [node for node in model.graph.node if needed & set(filter(None, node.output))]
    del graph.node[:], graph.output[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.output.append(helper.make_empty_tensor_value_info(target))
    for name in stored:
        if name in read and name != target:
            element = helper.np_dtype_to_tensor_dtype(values[name].dtype)
            graph.input.append(helper.make_tensor_value_info(name, element, values[name].shape))
    return part


def _judge(part: Part, data: Mapping[str, Array], values: Mapping[str, Array]) -> str:
    feeds = _feeds(part.model, {**values, **data})
    if any(map(_without_judge, part.model.graph.node)) or multiplies_reals(part.model):
        return NOT_COMPARED
    verdict, problem = _compare(part, feeds, values[part.target])
    if not problem:
        return verdict
    stated = with_maxima_of_nan(part.model)
    if stated is not None:
        part = replace(part, model=stated)
        verdict, problem = _compare(part, feeds, values[part.target])
    if not problem:
        return verdict
    if _beside_a_jump(part, feeds, values[part.target]):
        return BESIDE_A_JUMP
    if has_open_result(part.model, feeds):
        return NOT_COMPARED
    raise Failure(f"{part.target[:40]!r} {problem}")


def _compare(part: Part, feeds: Mapping[str, Array], have: Array) -> tuple[str, str]:
    """(who agrees, how the result differs from every judge's: empty if one agrees or none runs)."""
    terms = _terms(feeds)
    first = ""
    for verdict, run in ((EQUAL, run_onnxruntime), (EQUAL_REFERENCE, _run_reference)):
        try:
            (want,) = run(part.model, feeds)
        # They have many exceptions; a model that they refuse says nothing about the compiler.
        except Exception as error:
            if verdict == EQUAL and FAILED_RUN in str(error):
                return NOT_COMPARED, ""
            continue
        if want is None:
            continue  # onnxruntime makes nothing of some tensors without elements
        if np.shape(want) != have.shape == _declared_shape(part):
            continue  # not what the operator's definition says
        problem = difference(np.asarray(want), have, stored=part.stored, terms=terms)
        if problem:
            pair = with_promised_elements(part.model, part.target, feeds, np.asarray(want), have)
            problem = difference(*pair, stored=part.stored, terms=terms)
        if not problem:
            return verdict, ""
        first = first or problem
    return NOT_COMPARED, first


def _beside_a_jump(part: Part, feeds: Mapping[str, Array], have: Array) -> bool:
    """Whether a function that jumps explains how the result differs from onnxruntime's.

    Its operand may differ as much as if it were a result itself. The result must lie between what
    it is with the operand as much smaller and larger.
    """
    found = list[Array]()
    try:
        for index, name in rounded_operands(part.model):
            (operand,) = run_onnxruntime(showing(part.model, name), feeds)
            distance = _tolerance(_terms(feeds)) * _largest(operand)
            for sign in (-1, 1):
                model = shifted(part.model, index, name, sign * distance)
                found += run_onnxruntime(model, feeds)
    # As above: what onnxruntime refuses says nothing.
    except Exception:
        return False
    if not found or any(array.shape != have.shape for array in found):
        return False
    wide = [array.astype(np.float64) for array in found]
    nearest = np.clip(have, np.minimum.reduce(wide), np.maximum.reduce(wide))
    nearest = nearest.astype(have.dtype)
    return not difference(nearest, have, stored=part.stored, terms=_terms(feeds))


def _declared_shape(part: Part) -> tuple[int, ...] | None:
    """What ONNX's shape inference says about the part's result, if it knows all extents.

    Where it does not, for an operand says it at run time, that is what the model says: other
    operands are not meant for it.
    """
    try:
        inferred = shape_inference.infer_shapes(part.model, data_prop=True)
    except shape_inference.InferenceError:
        return part.shape
    (value,) = (value for value in inferred.graph.output if value.name == part.target)
    return _extents(value) or part.shape


def _extents(value: ValueInfoProto) -> tuple[int, ...] | None:
    """The shape of a tensor; None if it is open."""
    dimensions = value.type.tensor_type.shape.dim
    if not value.type.tensor_type.HasField("shape") or any(
        not dimension.HasField("dim_value") for dimension in dimensions
    ):
        return None
    return tuple(dimension.dim_value for dimension in dimensions)


def _without_judge(node: NodeProto) -> bool:
    """Dilated pools with SAME padding: both judges compute the padding without the dilations."""
    attributes = {attribute.name: attribute for attribute in node.attribute}
    dilated = "dilations" in attributes and any(n != 1 for n in attributes["dilations"].ints)
    return dilated and "auto_pad" in attributes and node.op_type.endswith("Pool")


def _run_reference(model: ModelProto, feeds: Mapping[str, Array]) -> list[Array]:
    if any(a.name == "clip" for node in model.graph.node for a in node.attribute):
        raise NotImplementedError("the reference of RNN, GRU and LSTM does not read their clip")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return ReferenceEvaluator(model).run(None, dict(feeds))  # type: ignore[return-value]


def _terms(feeds: Mapping[str, Array]) -> int:
    """At most how many numbers a result of these operands sums."""
    return max((array.size for array in feeds.values()), default=1)


def _tolerance(terms: int) -> float:
    """By how much of the largest element a float32 result may differ from another that is right.

    Sums run in ascending order here, and in blocks elsewhere: with n `terms` and a unit roundoff u,
    their error exceeds 4 sqrt(n) u in one of some thousand sums (Higham and Mary, A New Approach to
    Probabilistic Rounding Error Analysis, 2019). From 1,750 terms on that is more than the
    tolerance of the operators' tests.
    """
    return max(FLOAT_TOLERANCE, 4 * terms**0.5 * UNIT_ROUNDOFF)


def _largest(array: Array) -> float:
    """The magnitude of the largest finite element, and at least 1."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=1.0))


def difference(want: Array, have: Array, *, stored: bool, terms: int) -> str:
    """How the compiled result differs from another; empty if it is as good."""
    if want.shape != have.shape:
        return f"has shape {have.shape}, elsewhere {want.shape}"
    if want.dtype.kind != "f":
        wide = want.astype(np.int64)
        if wide.max(initial=0) >= INTEGER_LIMIT or wide.min(initial=0) <= -INTEGER_LIMIT:
            return ""
        steps = np.abs(wide - have.astype(np.int64)).max(initial=0)
        return f"differs by {steps}" if steps > (1 if stored else 0) else ""
    with np.errstate(all="ignore"):
        same = (want == have) | (np.isnan(want) & np.isnan(have))
        finite = np.isfinite(want) & np.isfinite(have)
        error = np.abs(have.astype(np.float64) - want)
    wrong = ~same & ~(finite & (error <= _tolerance(terms) * _largest(want[finite])))
    if not wrong.any():
        return ""
    index = int(np.argmax(wrong))
    pair = f"{have.reshape(-1)[index]} instead of {want.reshape(-1)[index]}"
    return f"differs at {int(wrong.sum())} of {wrong.size} elements: at {index} it is {pair}"
