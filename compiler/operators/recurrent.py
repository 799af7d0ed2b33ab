"""LSTM, GRU and RNN over a fixed number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Node, Operation
from compiler.operators.activation import ClipFloat, LeakyReluFloat
from compiler.operators.elementary import Elementary
from compiler.operators.movement import CONCATENATED, Concatenate, Transpose
from compiler.operators.recurrent_steps import Direction, Layer, State, unrolled
from compiler.operators.registry import lowering
from compiler.operators.view import View
from compiler.operators.weight_only_matmul import ProductWeights

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext
    from compiler.lowering.operand import Operand

SUPPORTED = (
    "all directions, either layout, initial states, sequence_lens, clip; constant weights and "
    "bias; activations Sigmoid, Tanh, Relu, Elu, HardSigmoid, LeakyRelu, Softplus; float32"
)
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
USUAL = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
"""The default activations of a direction."""

DEFAULTS = {"Elu": (1.0, 0.0), "HardSigmoid": (0.2, 0.5), "LeakyRelu": (0.01, 0.0)}
"""alpha and beta of the activations that have one or both."""

HAS_BETA = ("HardSigmoid",)

MAXIMUM_STEPS = 1024
"""Compiling takes as many times longer, and code as many times more room."""


@lowering("LSTM", description=f"{SUPPORTED}; peepholes, input_forget")
@lowering("GRU", description=f"{SUPPORTED}; linear_before_reset")
@lowering("RNN", description=SUPPORTED)
def lower_recurrent(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    if not x.type.data_type.is_float or len(x.shape) != 3 or not x.type.elements:
        raise UnsupportedForm(f"its input {x.name!r} is {x.type}", "float32, 3 axes, elements")
    if "clip" in node.attributes and not node.attribute("clip", 0.0) > 0.0:
        raise UnsupportedForm(f"its clip is {node.attribute('clip', 0.0)}", "positive numbers")
    layout = node.attribute("layout", 0)
    if layout not in (0, 1):
        raise UnsupportedForm(f"its layout is {layout}", "0 and 1")
    batch_first = layout == 1
    steps, batch = x.shape[1::-1] if batch_first else x.shape[:2]
    if steps > MAXIMUM_STEPS:
        raise UnsupportedForm(
            f"it has {steps:,} steps, each of which becomes operations of its own",
            f"at most {MAXIMUM_STEPS:,} steps",
            "compile fewer steps, or one, and keep the state from run to run: "
            "docs/importers.md, What a decoder keeps",
        )
    _check_shapes(node, context, batch, x.shape[2], batch_first)
    directions = _directions(node, context)
    layer = Layer(node, context, steps, batch, directions[0].hidden)
    value = context.plain(x)
    if batch_first:
        value = layer.emit("steps_first", Transpose((1, 0, 2)), value)
    count = len(directions)
    hidden = _initial(layer, 5, count, batch_first)
    cells = _initial(layer, 6, count, batch_first) if node.operator == "LSTM" else [None] * count
    lengths = _lengths(layer)
    sequences: list[list[str]] = []
    finals: list[State] = []
    for direction, output, cell in zip(directions, hidden, cells, strict=True):
        outputs, final = unrolled(layer, direction, value, State(output, cell), lengths)
        sequences.append(outputs)
        finals.append(final)
    _emit_outputs(layer, sequences, finals, batch_first)


def _check_shapes(
    node: OnnxNode, context: LoweringContext, batch: int, features: int, batch_first: bool
) -> None:
    """Refuses operands whose shapes contradict each other: ONNX does not infer from all of them."""
    count = 2 if node.attribute("direction", "forward") == "bidirectional" else 1
    recurrent = context.operand(node, 2)
    hidden = recurrent.shape[-1] if recurrent is not None and recurrent.shape else 0
    rows = GATES[node.operator] * hidden
    state = (batch, count, hidden) if batch_first else (count, batch, hidden)
    wanted = {
        1: (count, rows, features),
        2: (count, rows, hidden),
        3: (count, 2 * rows),
        4: (batch,),
        5: state,
        6: state,
        7: (count, 3 * hidden),
    }
    for index, shape in wanted.items():
        operand = context.operand(node, index)
        if operand is not None and operand.shape != shape:
            raise UnsupportedForm(
                f"its input {index} {operand.name!r} has shape {list(operand.shape)}",
                f"{list(shape)}, for {features} inputs and a hidden size of {hidden}",
            )


def _directions(node: OnnxNode, context: LoweringContext) -> list[Direction]:
    kind = node.attribute("direction", "forward")
    reversals = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
    if kind not in reversals:
        raise UnsupportedForm(f"its direction is {kind!r}", ", ".join(reversals))
    count, gates = len(reversals[kind]), GATES[node.operator]
    w, r = _weights(node, context, 1), _weights(node, context, 2)
    hidden = r.shape[-1]
    said = node.attribute("hidden_size", hidden)
    if said != hidden:
        raise UnsupportedForm(
            f"its hidden_size is {said}, its weights {list(w.shape)} and {list(r.shape)}",
            f"[directions, {gates} * hidden_size, inputs] and the same for hidden_size inputs",
        )
    bias = _constant(node, context, 3, "bias")
    bias = np.zeros((count, 2 * gates * hidden), np.float32) if bias is None else bias
    peepholes = _constant(node, context, 7, "peepholes") if node.operator == "LSTM" else None
    functions = _functions(node, count)
    return [
        Direction(
            reverse,
            _direction_weights(w, i),
            _direction_weights(r, i),
            bias[i, : gates * hidden].astype(np.float32),
            bias[i, gates * hidden :].astype(np.float32),
            None if peepholes is None else peepholes[i].astype(np.float32).reshape(3, hidden),
            functions[i],
        )
        for i, reverse in enumerate(reversals[kind])
    ]


def _constant(node: OnnxNode, context: LoweringContext, index: int, role: str) -> Array | None:
    operand = context.operand(node, index)
    return None if operand is None else _constant_of(operand, role)


def _constant_of(operand: Operand, role: str) -> Array:
    if operand.constant is None:
        raise UnsupportedForm(
            f"its {role} {operand.name!r} are computed at run time", f"constant {role}"
        )
    return operand.constant


def _weights(node: OnnxNode, context: LoweringContext, index: int) -> Operand:
    operand = context.required(node, index)
    _constant_of(operand, "weights")
    return operand


def _direction_weights(operand: Operand, index: int) -> ProductWeights:
    stored = None if operand.weights is None else operand.weights.at(index)
    return ProductWeights(_constant_of(operand, "weights")[index], stored)


def _functions(node: OnnxNode, count: int) -> list[tuple[Operation, ...]]:
    """The activations of each direction."""
    usual = USUAL[node.operator]
    said = node.attributes.get("activations")
    names = [str(name).capitalize() for name in said] if isinstance(said, list) else []
    names = names or [*usual] * count
    if len(names) != len(usual) * count:
        raise UnsupportedForm(
            f"it has {len(names)} activations", f"{len(usual)} for each direction"
        )
    alphas = iter(node.attribute("activation_alpha", list[float]()))
    betas = iter(node.attribute("activation_beta", list[float]()))
    known = {name.capitalize(): name for name in (*DEFAULTS, "Relu", "Sigmoid", "Softplus", "Tanh")}
    found: list[Operation] = []
    for spelt in names:
        if spelt not in known:
            raise UnsupportedForm(f"its activation is {spelt!r}", ", ".join(sorted(known.values())))
        name = known[spelt]
        alpha, beta = DEFAULTS.get(name, (0.0, 0.0))
        alpha = next(alphas, alpha) if name in DEFAULTS else alpha
        beta = next(betas, beta) if name in HAS_BETA else beta
        found.append(_function(name, alpha, beta))
    return [tuple(found[i * len(usual) : (i + 1) * len(usual)]) for i in range(count)]


def _function(name: str, alpha: float, beta: float) -> Operation:
    if name == "Relu":
        return ClipFloat(0.0, inf)
    if name == "LeakyRelu":
        return LeakyReluFloat(alpha)
    if name == "Elu":
        return Elementary("elu", (("alpha", alpha),))
    if name == "HardSigmoid":
        return Elementary("hard_sigmoid", (("alpha", alpha), ("beta", beta)))
    return Elementary(name.lower())


def _initial(layer: Layer, index: int, count: int, batch_first: bool) -> list[str]:
    """The initial state of each direction, [batch, hidden]; zero if the operand is absent."""
    operand = layer.context.operand(layer.node, index)
    shape = (layer.batch, layer.hidden)
    if operand is None:
        return [layer.constant("zero", np.zeros(shape, np.float32))] * count
    value = layer.context.plain(operand)
    if batch_first:
        value = layer.emit("directions_first", Transpose((1, 0, 2)), value)
    return [layer.at("initial", value, index) for index in range(count)]


def _lengths(layer: Layer) -> str | None:
    """How many steps each sequence has, int32 [batch, 1]; None if all have all."""
    operand = layer.context.operand(layer.node, 4)
    if operand is None:
        return None
    if operand.constant is not None:
        if bool(np.all(operand.constant == layer.steps)):
            return None
        return layer.constant("lengths", operand.constant.reshape(-1, 1).astype(np.int32))
    value = layer.context.plain(operand)
    return layer.emit("lengths", View((layer.batch, 1)), value)


def _emit_outputs(
    layer: Layer, sequences: Sequence[Sequence[str]], finals: Sequence[State], batch_first: bool
) -> None:
    """Emits Y [steps, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]."""
    node = layer.node
    wanted = dict(enumerate(node.outputs))
    if wanted.get(0) is not None:
        step = (1, 1, layer.batch, layer.hidden)
        parts = [
            _joined(layer, [layer.emit("step", View(step), x) for x in outputs], 0)
            for outputs in sequences
        ]
        _bind(layer, 0, _joined(layer, parts, 1), (2, 0, 1, 3) if batch_first else None)
    lasts = [[state.output for state in finals], [state.cell for state in finals]]
    for index, values in enumerate(lasts, 1):
        if wanted.get(index) is not None:
            shape = (1, layer.batch, layer.hidden)
            parts = [layer.emit("last", View(shape), value) for value in values]
            _bind(layer, index, _joined(layer, parts, 0), (1, 0, 2) if batch_first else None)


def _joined(layer: Layer, values: Sequence[str], axis: int) -> str:
    """The values one after the other, each copied a few times at most."""
    while len(values) > 1:
        values = [
            _concatenated(layer, values[start : start + CONCATENATED], axis)
            for start in range(0, len(values), CONCATENATED)
        ]
    return values[0]


def _concatenated(layer: Layer, values: Sequence[str], axis: int) -> str:
    if len(values) == 1:
        return values[0]
    absent = (None,) * (CONCATENATED - len(values))
    return layer.emit("joined", Concatenate(axis), *values, *absent)


def _bind(layer: Layer, index: int, value: str, permutation: tuple[int, ...] | None) -> None:
    """Makes a value output `index` of the node, under the name that it has in the model."""
    tensor, graph = layer.node.output(index), layer.context.graph
    shape = graph.values[value].type.shape
    operation: Operation = View(shape) if permutation is None else Transpose(permutation)
    name = graph.unique_name(tensor)
    origin = (layer.node.name, *layer.node.absorbed)
    graph.append(Node(f"{layer.node.name}/{tensor}", operation, (value,), (name,), origin))
    layer.context.bind_plain(tensor, name)
