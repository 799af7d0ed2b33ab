"""Replaces what is computed element by element from one int8 tensor by one table.

A result that depends on one stored byte has 256 values; the twins of the kernels say which. So a
table behind a table is one table, x * sigmoid(x) is one, and so is what an integer network computes
in float32 between a DequantizeLinear and a QuantizeLinear. The bits stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compiler.ir import Array, DataType, Graph, Node, Value, present
from compiler.operators.activation import Pointwise
from compiler.operators.binary import Binary
from compiler.operators.cast import Cast
from compiler.operators.integer_functions import WideTable
from compiler.operators.quantize import Dequantize, Quantize, Recode
from compiler.operators.requantise_shift import RequantiseShift
from compiler.operators.table import Table
from compiler.passes import remove_dead_nodes

TABLES = (Table, WideTable)
ELEMENTWISE = (
    *(Binary, Cast, Dequantize, Pointwise, Quantize, Recode, RequantiseShift),
    *TABLES,
)
"""Element i of the result is a function of elements i of the operands, or of scalars."""

STORED = np.arange(-128, 128).astype(np.int8)


@dataclass(frozen=True)
class _Image:
    """A value as a function of an int8 value: `results[x + 128]`; `origin` as in `Node`."""

    base: str
    results: Array
    origin: tuple[str, ...] = ()


def run(graph: Graph) -> None:
    """Results in int8 become tables of their base; what only they have read goes."""
    readers = {name: len(nodes) for name, nodes in graph.consumers().items()}
    outputs, updated = set(graph.outputs), _updated(graph)
    images: dict[str, _Image] = {}
    same: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        node.inputs = tuple(None if name is None else same.get(name, name) for name in node.inputs)
        output = node.outputs[0]
        image = _image(graph, images, node) if output not in updated else None
        if image is None or image.base in updated:
            nodes.append(node)
            continue
        images[output] = image
        if graph.values[output].type.data_type is not DataType.INT8:
            nodes.append(node)
        elif np.array_equal(image.results, STORED) and output not in outputs:
            same[output] = image.base
        elif _saves(node, image, readers, outputs):
            nodes.append(_table(graph, node, image))
        else:
            nodes.append(node)
    graph.nodes = nodes
    remove_dead_nodes.run(graph)


def _updated(graph: Graph) -> set[str]:
    """Values whose memory is overwritten: reading them later than now would need a copy."""
    return {
        name
        for node in graph.nodes
        if node.operation.updates is not None
        for name in present((node.inputs[node.operation.updates],))
    }


def _image(graph: Graph, images: dict[str, _Image], node: Node) -> _Image | None:
    """A node's result as a function of one int8 value; None if it is none."""
    operation = node.operation
    if not isinstance(operation, ELEMENTWISE):
        return None
    shape = graph.values[node.outputs[0]].type.shape
    base: str | None = None
    operands: list[Array] = []
    origin: dict[str, None] = {}
    for index, name in enumerate(present(node.inputs)):
        value = graph.values[name]
        if value.constant is not None:
            if index == 1 and isinstance(operation, TABLES):
                operands.append(value.constant)
            elif isinstance(operation, RequantiseShift):
                if operation.axes:
                    return None
                operands.append(value.constant)
            elif value.type.elements == 1:
                operands.append(_scalar(value))
            else:
                return None
            continue
        image = images.get(name)
        if image is None and value.type.data_type is DataType.INT8:
            image = _Image(name, STORED)
        if image is None or value.type.shape != shape or base not in (None, image.base):
            return None
        base = image.base
        operands.append(image.results)
        origin.update(dict.fromkeys(image.origin))
    if base is None:
        return None
    (results,) = operation.evaluate(operands)
    return _Image(base, results, tuple(dict.fromkeys((*origin, *node.origin))))


def _scalar(value: Value) -> Array:
    assert value.constant is not None
    return value.constant.reshape(())


def _saves(node: Node, image: _Image, readers: dict[str, int], outputs: set[str]) -> bool:
    """Whether a table of the base is less work, and not only another table."""
    operand = node.inputs[0]
    if operand is None or (operand == image.base and isinstance(node.operation, Table)):
        return False
    if isinstance(node.operation, Table | Recode):
        # The operand is made as cheaply, unless nobody else needs it.
        return readers[operand] == 1 and operand not in outputs
    return True


def _table(graph: Graph, node: Node, image: _Image) -> Node:
    table = graph.add_constant(f"{node.name}/table", image.results)
    return Node(node.name, Table(), (image.base, table.name), node.outputs, image.origin)
