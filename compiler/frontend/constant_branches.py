"""Takes the branch of an If whose condition is known when the network is compiled.

Exporters write an If where a program asks for the shape of a tensor: for static shapes all of these
conditions are constants after folding. The branch's nodes then come in the place of the If. Its
other branch is not looked at: for these shapes it need not even make sense.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from onnx import GraphProto, ModelProto, NodeProto, helper

from compiler.frontend.check_attributes import ONNX_DOMAINS
from compiler.frontend.check_structure import made_names, plain_name
from compiler.ir import Array

HIDDEN_DOMAIN = "tilewright.branches"
"""Of every If while shapes are inferred: ONNX's inference would look into both branches."""


def _is_if(node: NodeProto) -> bool:
    return node.domain in ONNX_DOMAINS and node.op_type == "If"


@contextmanager
def hidden_branches(proto: ModelProto) -> Generator[None]:
    """Hides what is in the branches of the model's Ifs; their results have no types meanwhile.

    A copy of the model that is made meanwhile needs `show_branches`.
    """
    hidden = [node for node in proto.graph.node if _is_if(node)]
    for node in hidden:
        node.domain = HIDDEN_DOMAIN
    if hidden:
        proto.opset_import.append(helper.make_opsetid(HIDDEN_DOMAIN, 1))
    try:
        yield
    finally:
        show_branches(proto)


def show_branches(proto: ModelProto) -> None:
    """Makes an If of every hidden one."""
    for node in proto.graph.node:
        if node.domain == HIDDEN_DOMAIN:
            node.domain = ""
    for index in reversed(range(len(proto.opset_import))):
        if proto.opset_import[index].domain == HIDDEN_DOMAIN:
            del proto.opset_import[index]


def take_branches(proto: ModelProto, constants: Mapping[str, Array]) -> bool:
    """Puts the nodes of the branch that is taken in the place of each If with a known condition.

    Tensors and nodes of a branch are called like the If, with their own name behind it. An If
    inside of a branch becomes one of the model, to be taken by the next call.

    Args:
        proto: a checked model, which is changed in place.
        constants: all known tensors.

    Returns: whether there was any.
    """
    taken = made_names(proto.graph)
    nodes: list[NodeProto] = []
    found = False
    for node in proto.graph.node:
        branch = _branch(node, constants) if _is_if(node) else None
        if branch is None:
            nodes.append(node)
        else:
            nodes += _inlined(proto.graph, node, branch, taken)
            found = True
    if found:
        copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del proto.graph.node[:]
        proto.graph.node.extend(copies)
    return found


def _branch(node: NodeProto, constants: Mapping[str, Array]) -> GraphProto | None:
    """The graph that an If stands for; None if that depends on the run."""
    condition = constants.get(node.input[0]) if node.input else None
    if condition is None or condition.size != 1:
        return None
    wanted = "then_branch" if bool(condition.item()) else "else_branch"
    graph = next((a.g for a in node.attribute if a.name == wanted and a.HasField("g")), None)
    if graph is None or len(graph.output) != len(node.output):
        return None
    return graph


def _inlined(
    graph: GraphProto, node: NodeProto, branch: GraphProto, taken: set[str]
) -> list[NodeProto]:
    """The branch's nodes under names of their own; its initialisers become those of `graph`."""
    prefix = plain_name(node)
    names = {name: _unique(f"{prefix}/{name}", taken) for name in sorted(made_names(branch))}
    for tensor in branch.initializer:
        graph.initializer.add().CopyFrom(tensor)
        graph.initializer[-1].name = names[tensor.name]
    for sparse in branch.sparse_initializer:
        graph.sparse_initializer.add().CopyFrom(sparse)
        graph.sparse_initializer[-1].values.name = names[sparse.values.name]
    nodes = [NodeProto.FromString(inner.SerializeToString()) for inner in branch.node]
    for inner in nodes:
        inner.name = f"{prefix}/{plain_name(inner)}"
        _rename(inner, names)
    for value, result in zip(branch.output, node.output, strict=True):
        if result:
            name = f"{prefix}/{result}"
            nodes.append(helper.make_node("Identity", [names[value.name]], [result], name))
    return nodes


def _unique(name: str, taken: set[str]) -> str:
    """`name`, or one with a number behind it; adds it to `taken`."""
    found, suffix = name, 1
    while found in taken:
        suffix += 1
        found = f"{name}#{suffix}"
    taken.add(found)
    return found


def _rename(node: NodeProto, names: Mapping[str, str]) -> None:
    """Gives the tensors of a node, and of the graphs in it, other names."""
    node.input[:] = [names.get(name, name) for name in node.input]
    node.output[:] = [names.get(name, name) for name in node.output]
    for attribute in node.attribute:
        for graph in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
            own = made_names(graph)
            around = {name: new for name, new in names.items() if name not in own}
            for inner in graph.node:
                _rename(inner, around)
