"""The kernel calls of one entry point, in order, with the locations of their operands."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.ir import Graph, Kernel, Node, TensorType, Value
from compiler.memory import Copy as MemoryCopy
from compiler.memory import InConstant, Location, MemoryMap
from compiler.operators.copy import Copy


@dataclass(frozen=True)
class Operand:
    """One pointer argument of a kernel call.

    Attributes:
        value: the value's name in the graph; of a view or update, that of the value it is one of.
        c_type: the C type of an element, `void` for scratch memory.
        location: where it is.
        constant: the constant value that it reads, if it does.
        written: whether the kernel writes it.
        made: whether this call is what first gives the value its contents.
    """

    value: str
    c_type: str
    location: Location
    constant: Value | None = None
    written: bool = False
    made: bool = False


@dataclass(frozen=True)
class Step:
    """One kernel call.

    Attributes:
        node: the node of the graph; None for a copy that the memory plan asks for.
        name: the node's name, for comments and identifiers.
        operands: inputs, outputs, scratch; None for an absent optional input.
        inputs, outputs: types of the non-constant inputs and of the outputs.
    """

    node: Node | None
    name: str
    kernel: Kernel
    operands: tuple[Operand | None, ...]
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    multiply_accumulates: int = 0

    @property
    def first_result(self) -> int:
        """Index of the operand that is the first output."""
        return len(self.operands) - len(self.outputs) - (1 if self.kernel.scratch_bytes else 0)

    @property
    def results(self) -> tuple[str, ...]:
        """The values that it makes, one for each of `outputs`; a copy makes what it copies."""
        if self.node is not None:
            return self.node.outputs
        (source, _) = self.operands
        assert source is not None
        return (source.value,)

    @property
    def origin(self) -> tuple[str, ...]:
        """The model's nodes that this call does the work of."""
        return self.node.origin if self.node is not None else ()


def steps_of(graph: Graph, memory: MemoryMap) -> list[Step]:
    """The kernel calls of one entry point; views and empty results need none."""
    root = _roots(graph)
    steps: list[Step] = []
    copies = _copies(graph, memory)
    for index, node in enumerate(graph.nodes):
        steps += copies.get(index, ())
        step = _node_step(graph, node, memory, root)
        if step is not None:
            steps.append(step)
    return [*steps, *copies.get(len(graph.nodes), ())]


def _copies(graph: Graph, memory: MemoryMap) -> dict[int, list[Step]]:
    """The copies of values that have elements, by the index of the node that they precede."""
    result: dict[int, list[Step]] = {}
    for copy in memory.copies:
        if graph.values[copy.value].type.elements:
            result.setdefault(copy.step, []).append(_copy_step(graph, copy))
    return result


def _node_step(graph: Graph, node: Node, memory: MemoryMap, root: dict[str, str]) -> Step | None:
    input_types, output_types = graph.input_types(node), graph.output_types(node)
    if all(type_.elements == 0 for type_ in output_types):
        return None
    kernel = node.operation.kernel(input_types, output_types)
    if kernel is None:
        return None
    operands: list[Operand | None] = []
    variable: list[TensorType] = []
    for name in node.inputs:
        if name is None:
            operands.append(None)
            continue
        operand = _operand(graph, root[name], graph.values[name], memory.values[name])
        operands.append(operand)
        if operand.constant is None:
            variable.append(graph.values[name].type)
    for name in node.outputs:
        c_type = graph.values[name].type.data_type.c_name
        location = memory.values[name]
        operands.append(Operand(root[name], c_type, location, None, True, root[name] == name))
    if kernel.scratch_bytes:
        location = memory.scratch[node.name]
        operands.append(Operand(f"{node.name}/scratch", "void", location, None, True, True))
    return Step(
        node,
        node.name,
        kernel,
        tuple(operands),
        tuple(variable),
        tuple(output_types),
        node.operation.multiply_accumulates(input_types),
    )


def _roots(graph: Graph) -> dict[str, str]:
    """For every value, the value whose name its memory has in the generated code."""
    result = {name: name for name in graph.values}
    for node in graph.nodes:
        operation = node.operation
        kept = operation.view_of if operation.updates is None else operation.updates
        if kept is not None:
            source = node.inputs[kept]
            assert source is not None
            result[node.outputs[0]] = result[source]
    return result


def _operand(graph: Graph, name: str, value: Value, location: Location) -> Operand:
    constant = graph.values[location.name] if isinstance(location, InConstant) else None
    return Operand(name, value.type.data_type.c_name, location, constant)


def _copy_step(graph: Graph, copy: MemoryCopy) -> Step:
    value = graph.values[copy.value]
    kernel = Copy().kernel([value.type], [value.type])
    assert kernel is not None
    c_type = value.type.data_type.c_name
    operands = (
        _operand(graph, copy.value, value, copy.source),
        Operand(f"{copy.value}/copy", c_type, copy.target, None, True, True),
    )
    return Step(None, f"copy of {copy.value}", kernel, operands, (value.type,), (value.type,))
