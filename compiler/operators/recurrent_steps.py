"""Steps of LSTM, GRU and RNN, one after the other, in float32.

The product of a layer's whole input with its weights comes first. A step is the product of the
last output with its weights, and a cell; where activations or options are not the usual ones, the
cell is made of elementwise operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Array, Node, Operation
from compiler.operators.activation import ClipFloat
from compiler.operators.binary import Arithmetic
from compiler.operators.comparison import Comparison
from compiler.operators.elementary import Elementary
from compiler.operators.movement import Slice
from compiler.operators.recurrent_cells import GruCell, LstmCell
from compiler.operators.view import View
from compiler.operators.weight_only_matmul import ProductWeights
from compiler.operators.where import Where

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

SIGMOID, TANH = Elementary("sigmoid"), Elementary("tanh")


@dataclass(frozen=True)
class Direction:
    """One direction of a layer, with its constants.

    Attributes:
        reverse: it begins with the last step.
        weights: [gates * hidden, input]; recurrent: [gates * hidden, hidden].
        bias, recurrent_bias: [gates * hidden].
        peepholes: [3, hidden], of the input, output and forget gate, or None.
        functions: its activations, in ONNX's order.
    """

    reverse: bool
    weights: ProductWeights
    recurrent: ProductWeights
    bias: Array
    recurrent_bias: Array
    peepholes: Array | None
    functions: tuple[Operation, ...]

    @property
    def hidden(self) -> int:
        return self.recurrent.real.shape[1]


@dataclass(frozen=True)
class State:
    """Values [batch, hidden]: the last output, and an LSTM's cell state."""

    output: str
    cell: str | None = None


@dataclass(frozen=True)
class Factor:
    """A product with constant weights, to be emitted as often as it is needed."""

    operation: Operation
    constants: tuple[str | None, ...]


@dataclass(frozen=True)
class Layer:
    """Emits one node's operations. Steps, batch and hidden are extents."""

    node: OnnxNode
    context: LoweringContext
    steps: int
    batch: int
    hidden: int

    @property
    def clip(self) -> float:
        """The bound of what activations take; 0 for none."""
        return self.node.attribute("clip", 0.0)

    @property
    def resets_behind(self) -> bool:
        """Whether a GRU's reset gate acts on the product with the recurrent weights."""
        return bool(self.node.attribute("linear_before_reset", 0))

    def emit(self, role: str, operation: Operation, *inputs: str | None) -> str:
        return self.context.emit_value(self.node, role, operation, inputs)

    def constant(self, role: str, data: Array) -> str:
        return self.context.constant(self.node, role, np.ascontiguousarray(data))

    def factor(self, role: str, weights: ProductWeights) -> Factor:
        operation, operands = weights.product(-inf, inf)
        constants = (
            None if data is None else self.constant(f"{role}/{operand}", data)
            for operand, data in operands.items()
        )
        return Factor(operation, tuple(constants))

    def product(self, role: str, x: str, factor: Factor, bias: str | None = None) -> str:
        return self.emit(role, factor.operation, x, *factor.constants, bias)

    def part(self, role: str, x: str, index: int) -> str:
        """Gate number `index` of [batch, gates * hidden]."""
        shape = (self.batch, self.hidden)
        return self.emit(role, Slice((0, index * self.hidden), (1, 1), shape), x)

    def add(self, role: str, left: str, right: str) -> str:
        return self.emit(role, Arithmetic((0, 1), "add"), left, right)

    def multiply(self, role: str, left: str, right: str) -> str:
        """The product of elements; the right operand may be [1, hidden]."""
        return self.emit(role, Arithmetic((0,), "multiply"), left, right)

    def activated(self, role: str, function: Operation, x: str) -> str:
        if self.clip:
            x = self.emit(f"{role}/clipped", ClipFloat(-self.clip, self.clip), x)
        return self.emit(role, function, x)

    def mixed(self, role: str, gate: str, left: str, right: str) -> str:
        """(1 - gate) * left + gate * right."""
        one = self.constant("one", np.ones((1, 1), np.float32))
        rest = self.emit(f"{role}/rest", Arithmetic((1,), "subtract"), one, gate)
        first = self.multiply(f"{role}/new", rest, left)
        return self.add(role, first, self.multiply(f"{role}/old", gate, right))

    def at(self, role: str, value: str, index: int) -> str:
        """Element `index` along the first axis, without the axis."""
        shape = self.context.graph.values[value].type.shape
        rest = shape[1:]
        if shape[0] > 1:
            starts = (index, *(0,) * len(rest))
            value = self.emit(role, Slice(starts, (1,) * len(shape), (1, *rest)), value)
        return self.emit(role, View(rest), value)


class Recurrence:
    """What the steps of one direction share: values of its constants."""

    def __init__(self, layer: Layer, direction: Direction) -> None:
        self.layer, self.direction = layer, direction
        weights = direction.recurrent
        widths = [len(weights.real)]
        self.inner_bias: str | None = None
        bias = direction.bias + direction.recurrent_bias
        if layer.node.operator == "GRU" and layer.resets_behind:
            # The hidden gate's recurrent bias is inside of what the reset gate multiplies.
            inner = direction.recurrent_bias.copy()
            inner[: 2 * layer.hidden] = 0.0
            bias[2 * layer.hidden :] = direction.bias[2 * layer.hidden :]
            self.inner_bias = layer.constant("recurrent_bias", inner)
        elif layer.node.operator == "GRU":
            widths = [2 * layer.hidden, layer.hidden]
        ends = np.cumsum(widths)
        self.recurrent = [
            layer.factor("recurrent", weights.columns(end - width, end))
            for width, end in zip(widths, ends, strict=True)
        ]
        self.weights = layer.factor("input", direction.weights)
        self.bias = layer.constant("bias", bias)
        self.peepholes = [
            layer.constant("peepholes", row.reshape(1, -1))
            for row in (() if direction.peepholes is None else direction.peepholes)
        ]

    def products(self, role: str, output: str) -> str:
        """What all gates get from the last output, but for a GRU's hidden gate in front."""
        return self.layer.product(role, output, self.recurrent[0], self.inner_bias)


def unrolled(
    layer: Layer, direction: Direction, x: str, state: State, lengths: str | None
) -> tuple[list[str], State]:
    """The outputs of all steps, in their order in time, and the last state.

    Args:
        layer: the node and its extents.
        direction: its constants.
        x: [steps, batch, inputs].
        state: the initial one.
        lengths: int32 [batch, 1]: steps from there on give zeros and change nothing.
    """
    step = {"LSTM": _lstm_step, "GRU": _gru_step, "RNN": _rnn_step}[layer.node.operator]
    recurrence = Recurrence(layer, direction)
    gates = layer.product("input", x, recurrence.weights, recurrence.bias)
    outputs: list[str] = []
    for time in sorted(range(layer.steps), reverse=direction.reverse):
        given = layer.at(f"{time}/input", gates, time)
        following = step(recurrence, given, state, f"{time}/")
        output = following.output
        if lengths is not None:
            output, following = _limited(layer, lengths, time, state, following)
        outputs.append(output)
        state = following
    return (outputs[::-1] if direction.reverse else outputs), state


def _limited(
    layer: Layer, lengths: str, time: int, state: State, following: State
) -> tuple[str, State]:
    """The output and the state after a step that only some sequences of the batch have."""
    now = layer.constant("time", np.array(time, np.int32))
    goes_on = layer.emit(f"{time}/goes_on", Comparison((), "less"), now, lengths)
    zero = layer.constant("zero", np.zeros((), np.float32))
    output = layer.emit(f"{time}/limited", Where((1,)), goes_on, following.output, zero)
    kept = layer.emit(f"{time}/kept", Where((1, 2)), goes_on, following.output, state.output)
    if state.cell is None:
        return output, State(kept)
    assert following.cell is not None
    cells = (goes_on, following.cell, state.cell)
    return output, State(kept, layer.emit(f"{time}/kept_cell", Where((1, 2)), *cells))


def _lstm_step(recurrence: Recurrence, given: str, state: State, role: str) -> State:
    layer, functions = recurrence.layer, recurrence.direction.functions
    cell, peepholes = state.cell, recurrence.peepholes
    assert cell is not None
    products = recurrence.products(f"{role}products", state.output)
    couples = layer.node.attribute("input_forget", 0)
    if functions == (SIGMOID, TANH, TANH) and not (layer.clip or couples or peepholes):
        graph, name = layer.context.graph, f"{layer.node.name}/{role}"
        outputs = (graph.unique_name(f"{name}cell"), graph.unique_name(f"{name}output"))
        inputs, origin = (given, products, cell), (layer.node.name,)
        graph.append(Node(outputs[0], LstmCell(), inputs, outputs, origin))
        return State(outputs[1], outputs[0])
    sums = layer.add(f"{role}sums", given, products)

    def gate(name: str, index: int, function: Operation, seen: str) -> str:
        value = layer.part(f"{role}{name}", sums, index)
        if peepholes and index < len(peepholes):
            product = layer.multiply(f"{role}{name}/peephole", seen, peepholes[index])
            value = layer.add(f"{role}{name}/sum", value, product)
        return layer.activated(f"{role}{name}/gate", function, value)

    entered = gate("input", 0, functions[0], cell)
    candidate = gate("cell", 3, functions[1], cell)
    if couples:
        following = layer.mixed(f"{role}state", entered, cell, candidate)
    else:
        kept = layer.multiply(f"{role}kept", gate("forget", 2, functions[0], cell), cell)
        added = layer.multiply(f"{role}added", entered, candidate)
        following = layer.add(f"{role}state", kept, added)
    shown = layer.emit(f"{role}shown", functions[2], following)
    released = gate("output", 1, functions[0], following)
    return State(layer.multiply(f"{role}output", released, shown), following)


def _gru_step(recurrence: Recurrence, given: str, state: State, role: str) -> State:
    layer, (first, second) = recurrence.layer, recurrence.direction.functions
    products = recurrence.products(f"{role}products", state.output)
    usual = (first, second) == (SIGMOID, TANH) and not layer.clip
    if layer.resets_behind and usual:
        return State(layer.emit(f"{role}output", GruCell(), given, products, state.output))

    def summed(name: str, index: int, product: str) -> str:
        return layer.add(f"{role}{name}/sum", layer.part(f"{role}{name}", given, index), product)

    def gate(name: str, index: int) -> str:
        product = layer.part(f"{role}{name}/product", products, index)
        return layer.activated(f"{role}{name}/gate", first, summed(name, index, product))

    update, reset = gate("update", 0), gate("reset", 1)
    if layer.resets_behind:
        hidden = layer.part(f"{role}hidden/product", products, 2)
        hidden = layer.multiply(f"{role}hidden/reset", hidden, reset)
    else:
        hidden = layer.multiply(f"{role}hidden/reset", reset, state.output)
        hidden = layer.product(f"{role}hidden/product", hidden, recurrence.recurrent[1])
    hidden = layer.activated(f"{role}hidden/gate", second, summed("hidden", 2, hidden))
    return State(layer.mixed(f"{role}output", update, hidden, state.output))


def _rnn_step(recurrence: Recurrence, given: str, state: State, role: str) -> State:
    layer, (function,) = recurrence.layer, recurrence.direction.functions
    products = recurrence.products(f"{role}products", state.output)
    sums = layer.add(f"{role}sums", given, products)
    return State(layer.activated(f"{role}output", function, sums))
