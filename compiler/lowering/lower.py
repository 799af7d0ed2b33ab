"""The driver: lowers a whole model to one graph, or reports everything that cannot be lowered."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from compiler.errors import Code, CompileError, Problem, UnsupportedForm
from compiler.frontend.model import OnnxModel, OnnxNode
from compiler.frontend.nearest_form import form_advice
from compiler.ir import (
    DataType,
    Graph,
    ModelTensor,
    Node,
    Quantization,
    State,
    TensorType,
    Value,
)
from compiler.lowering.bindings import narrowed
from compiler.lowering.check_node import check_node
from compiler.lowering.context import LoweringContext
from compiler.lowering.fold_batch_normalization import fold_batch_normalizations
from compiler.lowering.fold_bias import fold_biases
from compiler.lowering.fold_weight_movements import fold_weight_movements
from compiler.operators import OPERATORS
from compiler.operators.copy import Copy

REWRITES = (fold_weight_movements, fold_biases, fold_batch_normalizations)
"""What is done to the model first, in this order: where float32 results may round otherwise."""


def lower(
    model: OnnxModel,
    name: str,
    *,
    states: Sequence[State] = (),
    integer_io: Collection[str] = (),
) -> Graph:
    """Lowers a model to a graph called `name`.

    Args:
        states: model inputs and outputs that are the same persistent memory. A state that the
            model quantises on the way in and dequantises on the way out is kept as int8.
        integer_io: float32 inputs and outputs whose Quantize/DequantizeLinear is left to the
            caller: the network's interface has the int8 tensor.

    Raises:
        CompileError: all nodes in an unsupported form; else all states that do not fit.
    """
    _check_states(model, states)
    for rewrite in REWRITES:
        model = rewrite(model)
    graph = Graph(name)
    context = LoweringContext(model, graph)
    integer = {*integer_io, *(state.input for state in states), *(state.output for state in states)}
    for tensor in model.inputs:
        _add_input(context, tensor, tensor in integer)
    problems: list[Problem] = []
    for node in model.nodes:
        if context.is_absorbed(node):
            if problems:  # maybe those of the node that was to do its work
                _bind_placeholders(context, node)
            continue
        try:
            check_node(node, model)
            OPERATORS[node.domain, node.operator].lower(node, context)
            context.check_shapes(node)
        except UnsupportedForm as error:
            problems.append(_problem(node, model, error))
            _bind_placeholders(context, node)
    if problems:
        raise CompileError(problems)
    for tensor in model.outputs:
        # It may rename values, and with them the outputs so far.
        output = _add_output(context, tensor, tensor in integer)
        graph.outputs.append(output)
    _name_outputs(context, model.outputs)
    _name_nodes(graph)
    graph.states = list(states)
    _check_state_types(graph)
    return graph


def _check_states(model: OnnxModel, states: Sequence[State]) -> None:
    problems: list[Problem] = []
    for state in states:
        for role, tensor, known in (
            ("input", state.input, model.inputs),
            ("output", state.output, model.outputs),
        ):
            if tensor not in known:
                problems.append(
                    Problem(
                        Code.BAD_STATE,
                        f"state {state.input!r} = {state.output!r}",
                        f"the model has no {role} {tensor!r}",
                        f"its {role}s: {', '.join(known)}",
                    )
                )
    if problems:
        raise CompileError(problems)


def _problem(node: OnnxNode, model: OnnxModel, error: UnsupportedForm) -> Problem:
    quantization = node.operator in ("QuantizeLinear", "DequantizeLinear")
    code = Code.UNSUPPORTED_QUANTIZATION if quantization else Code.UNSUPPORTED_FORM
    where = f"node {node.name!r} ({node.operator})"
    supported = error.supported or OPERATORS[node.domain, node.operator].description
    types = [model.tensors[name].type.data_type for name in node.inputs if name is not None]
    advice = error.advice or form_advice(node.operator, supported, types)
    return Problem(error.code or code, where, error.found, supported, advice)


def _bind_placeholders(context: LoweringContext, node: OnnxNode) -> None:
    """Lets lowering go on after a failure, to find the other nodes that fail."""
    for name in node.outputs:
        if name is not None:
            type_ = narrowed(context.model.tensors[name].type)
            value = context.graph.add_value(Value(context.graph.unique_name(name), type_))
            context.bind_plain(name, value.name)


def _add_input(context: LoweringContext, tensor: str, integer: bool) -> None:
    type_ = narrowed(context.model.tensors[tensor].type)
    quantization = context.absorb_input_quantization(tensor) if integer else None
    if quantization is not None:
        type_ = TensorType(DataType.INT8, type_.shape)
    value = context.graph.add_value(Value(tensor, type_, quantization=quantization))
    context.graph.inputs.append(value.name)
    if quantization is None:
        context.bind_plain(tensor, value.name)
        if type_.data_type is DataType.INT8:
            value.quantization = context.input_quantization(tensor)
    else:
        context.bind_stored(tensor, value.name, quantization)


def _add_output(context: LoweringContext, tensor: str, integer: bool) -> str:
    """The value of a model output, made by a node of its own."""
    graph = context.graph
    name = context.output_value(tensor, integer)
    value = graph.values[name]
    if name == tensor and value.constant is not None:
        # The name is the interface's.
        name = graph.unique_name(f"{tensor}/constant")
        context.rename({tensor: name})
    if name in graph.inputs or name in graph.outputs or value.constant is not None:
        output = graph.unique_name(tensor)
        (copy,) = graph.append(Node(f"{tensor}/copy", Copy(), (name,), (output,), ()))
        copy.quantization = value.quantization
        return output
    return name


def _name_nodes(graph: Graph) -> None:
    """Numbers the nodes that one node of the model has become, where they are called alike."""
    names: set[str] = set()
    for node in graph.nodes:
        base, number = node.name, 0
        while node.name in names:
            number += 1
            node.name = f"{base}.{number}"
        names.add(node.name)


def _name_outputs(context: LoweringContext, tensors: Sequence[str]) -> None:
    """Calls the values of the graph's outputs like the model's, where the names are free.

    What an output was made of, its int8 form for example, gives up its name.
    """
    graph = context.graph
    taken, interface = set(graph.values), {*graph.inputs, *graph.outputs}
    names: dict[str, str] = {}
    for tensor, name in zip(tensors, graph.outputs, strict=True):
        if name in graph.inputs or name == tensor or tensor in interface:
            continue
        if tensor in taken:
            names[tensor] = graph.unique_name(f"{tensor}/stored")
            occupant = graph.values[tensor]
            occupant.tensor = occupant.tensor or ModelTensor(tensor)
        names[name] = tensor
        interface.add(tensor)
    context.rename(names)


def _check_state_types(graph: Graph) -> None:
    problems: list[Problem] = []
    for state in graph.states:
        old, new = graph.values[state.input], graph.values[state.output]
        if (old.type, old.quantization) != (new.type, new.quantization):
            problems.append(
                Problem(
                    Code.BAD_STATE,
                    f"state {state.input!r} = {state.output!r}",
                    f"the input is {_form(old)}, the output {_form(new)}",
                    "the same shape, type, scale and zero point",
                    "quantise both with the same parameters",
                )
            )
    if problems:
        raise CompileError(problems)


def _form(value: Value) -> str:
    quantization: Quantization | None = value.quantization
    if quantization is None:
        return str(value.type)
    return f"{value.type} with scale {quantization.scale:g}, zero point {quantization.zero_point}"
