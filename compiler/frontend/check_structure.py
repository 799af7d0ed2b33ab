"""Checks how a graph hangs together: names, order, cycles, and the data of its initialisers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper

from compiler.errors import Code, CompileError, Problem, shown_names
from compiler.ir import Array

INITIALISER_ADVICE = "export the model again"


def check_structure(proto: ModelProto) -> None:
    """Sorts the nodes: each after what it reads, in an order that depends on the graph alone.

    ONNX asks for sorted nodes, and leaves open which of many such orders a file has: here all give
    the same program. Unsorted nodes without a cycle mean the same, too.

    Raises:
        CompileError: everything of these that is wrong: two tensors of one name (TW-0108), tensors
            that nothing makes (TW-0107), cycles (TW-0106).
    """
    graph = proto.graph
    problems = [*_duplicates(graph), *_undefined(graph)]
    if graph.sparse_initializer:
        names = [tensor.values.name for tensor in graph.sparse_initializer]
        problems.append(
            Problem(
                Code.INVALID_MODEL,
                f"sparse initialisers {shown_names(names)}",
                "sparse tensors are not supported",
                "dense initialisers",
                "export the model with dense weights",
            )
        )
    if not problems:
        problems += _sort(graph)
    if problems:
        raise CompileError(problems)


def initializers(proto: ModelProto) -> dict[str, Array]:
    """All initialisers' data. Raises CompileError (TW-0101) with all whose data is damaged."""
    result: dict[str, Array] = {}
    problems: list[Problem] = []
    for tensor in proto.graph.initializer:
        problem = damaged_tensor(tensor, f"initialiser {tensor.name!r}")
        if problem is None:
            result[tensor.name] = tensor_data(tensor)
        else:
            problems.append(problem)
    for node in proto.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                where = f"node {node.name!r} ({node.op_type}), attribute {attribute.name!r}"
                problem = damaged_tensor(attribute.t, where)
                problems += [problem] if problem is not None else []
    if problems:
        raise CompileError(problems)
    return result


def tensor_data(tensor: TensorProto) -> Array:
    """The data of a tensor that is not damaged; booleans are stored as 0 and 1."""
    data = numpy_helper.to_array(tensor)
    return data.view(np.uint8) != 0 if data.dtype == np.bool_ else data


def damaged_tensor(tensor: TensorProto, where: str) -> Problem | None:
    """What is wrong with a tensor's data: its amount does not fit its shape and type."""
    try:
        data = numpy_helper.to_array(tensor)
        if data.shape == tuple(tensor.dims):
            return None
        reason = f"its data has shape {list(data.shape)}"
    except (ValueError, TypeError, KeyError, OverflowError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
    return Problem(
        Code.INVALID_MODEL,
        where,
        f"its data does not fit its shape {list(tensor.dims)}: {reason}",
        advice=INITIALISER_ADVICE,
    )


def _duplicates(graph: GraphProto) -> Iterator[Problem]:
    made: dict[str, list[str]] = {}
    inputs = [value.name for value in graph.input]
    initialized = [tensor.name for tensor in graph.initializer]
    for name in inputs:
        made.setdefault(name, []).append("an input")
    for name in initialized:
        # An initialiser may give an input its default value.
        if name in made and made[name] == ["an input"]:
            made[name] = ["an initialiser"]
        else:
            made.setdefault(name, []).append("an initialiser")
    for node in graph.node:
        for name in filter(None, node.output):
            made.setdefault(name, []).append(f"an output of node {node_name(node)}")
    for name, makers in made.items():
        if not name:
            yield _clash("an input or initialiser", "it has no name")
        elif len(makers) > 1:
            yield _clash(f"tensor {name!r}", f"it is {' and '.join(makers[:8])}")
    outputs = [value.name for value in graph.output]
    for name in dict.fromkeys(name for name in outputs if outputs.count(name) > 1):
        yield _clash(f"output {name!r}", "it is listed twice")


def _clash(where: str, found: str) -> Problem:
    return Problem(
        Code.DUPLICATE_TENSOR, where, found, "tensors that each have a name", "rename one of them"
    )


def _undefined(graph: GraphProto) -> Iterator[Problem]:
    made = made_names(graph)
    for node in graph.node:
        for name in dict.fromkeys(_reads(node, made)):
            if name not in made:
                yield Problem(
                    Code.UNDEFINED_TENSOR,
                    f"node {node_name(node)} ({node.op_type})",
                    f"it reads {name!r}, which is no input, initialiser or output of a node",
                    advice="export the model again",
                )
    for value in graph.output:
        if value.name not in made:
            yield Problem(
                Code.UNDEFINED_TENSOR,
                f"output {value.name!r}",
                "no node makes it",
                advice="export the model again",
            )


def _sort(graph: GraphProto) -> list[Problem]:
    """Sorts the nodes as a walk from the outputs to what they read meets them; or gives the cycle.

    Outputs and operands are taken in order, so that what a node reads is computed shortly before
    it. Nodes that no output needs come last, by name; they may have problems to report.
    """
    producer = {name: index for index, n in enumerate(graph.node) for name in n.output if name}
    made = made_names(graph)
    before = [
        list(dict.fromkeys(producer[name] for name in _reads(node, made) if name in producer))
        for node in graph.node
    ]
    outputs = [producer[output.name] for output in graph.output if output.name in producer]
    others = sorted(range(len(before)), key=lambda index: list(graph.node[index].output))
    order: list[int] = []
    state = [0] * len(before)  # 0: not seen, 1: on the path, 2: done
    for start in (*outputs, *others):
        path = [(start, iter(before[start]))] if state[start] == 0 else []
        while path:
            index, sources = path[-1]
            state[index] = 1
            following = next((source for source in sources if state[source] != 2), None)
            if following is None:
                state[index] = 2
                order.append(index)
                path.pop()
            elif state[following] == 1:
                on_path = [entry for entry, _ in path]
                return [_cycle(graph, on_path[on_path.index(following) :])]
            else:
                path.append((following, iter(before[following])))
    if order == sorted(order):
        return []
    nodes = [graph.node[index] for index in order]
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)
    return []


def _cycle(graph: GraphProto, readers: Sequence[int]) -> Problem:
    """`readers`: indices of nodes, each of which reads a result of the next."""
    start = readers.index(min(readers))
    forward = [*readers[start::-1], *readers[:start:-1]]
    names = [node_name(graph.node[index]) for index in forward]
    shown = names if len(names) <= 8 else [*names[:7], "...", names[-1]]
    return Problem(
        Code.CYCLE,
        f"node {names[0]}",
        f"it needs its own result: {' -> '.join([*shown, names[0]])}",
        "graphs without cycles",
        "keep what lives from run to run in a state: an input and an output of the model",
    )


def made_names(graph: GraphProto) -> set[str]:
    """The tensors that a graph has itself: inputs, initialisers and results of nodes."""
    return {
        *(value.name for value in graph.input),
        *(tensor.name for tensor in graph.initializer),
        *(tensor.values.name for tensor in graph.sparse_initializer),
        *(name for node in graph.node for name in node.output if name),
    }


def _reads(node: NodeProto, made: Iterable[str]) -> Iterator[str]:
    """What a node reads itself, and what its subgraphs read of the graph around them."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
            own = made_names(graph)
            for inner in graph.node:
                yield from (n for n in _reads(inner, made) if n not in own and n in made)


def node_name(node: NodeProto) -> str:
    return repr(plain_name(node))


def plain_name(node: NodeProto) -> str:
    """A node's name; one made of its operator and its result if it has none."""
    return node.name or f"{node.op_type}({next(iter(node.output), '')})"
