"""Makes a failing model smaller while it fails in the same way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import google.protobuf.message
import numpy as np
from onnx import ModelProto, NodeProto, numpy_helper

MAXIMUM_SECONDS = 30.0
"""For the candidates of one case."""

Check = Callable[[bytes], str | None]
"""How a file fails; None if it does not."""


def failure_class(message: str) -> str:
    """What stays the same of a failure's message if names, numbers and shapes change."""
    first = next((line for line in message.splitlines() if line.strip()), "")
    first = re.sub(r"'[^']*'|\"[^\"]*\"", "…", first)
    first = re.sub(r"[\[(][\d, ]*[\])]", "#", first)
    return re.sub(r"[-+]?\d[\d.]*(e[-+]?\d+)?|\bnan\b|\binf\b", "#", first)


def shrink(content: bytes, check: Check, seconds: float = MAXIMUM_SECONDS) -> bytes:
    """A smaller file for which `check` gives a failure of the same class as for `content`.

    Greedy: takes every candidate that fails alike, until none does or the time is over. A file that
    is no protobuf stays as it is.
    """
    original = check(content)
    if original is None:
        return content
    wanted = failure_class(original)
    limit = time.monotonic() + seconds
    changed = True
    while changed:
        changed = False
        for candidate in _candidates(content):
            if time.monotonic() > limit:
                return content
            found = check(candidate)
            if found is not None and failure_class(found) == wanted:
                content = candidate
                changed = True
                break
    return content


def _candidates(content: bytes) -> Iterator[bytes]:
    """Files that are one step smaller, those that save most first."""
    model = ModelProto()
    try:
        model.ParseFromString(content)
    except google.protobuf.message.DecodeError:
        return
    for change in _changes(model):
        candidate = ModelProto()
        candidate.CopyFrom(model)
        change(candidate)
        smaller = candidate.SerializeToString(deterministic=True)
        if len(smaller) < len(content):
            yield smaller


Change = Callable[[ModelProto], None]


def _changes(model: ModelProto) -> Iterator[Change]:
    graph = model.graph
    for index in reversed(range(len(graph.output))):
        if len(graph.output) > 1:
            yield lambda m, i=index: m.graph.output.__delitem__(i)
    for index in reversed(range(len(graph.node))):
        yield lambda m, i=index: m.graph.node.__delitem__(i)
        yield lambda m, i=index: _bypass(m, i)
    for index in reversed(range(len(graph.initializer))):
        yield lambda m, i=index: m.graph.initializer.__delitem__(i)
    for index in reversed(range(len(graph.input))):
        yield lambda m, i=index: m.graph.input.__delitem__(i)
    for index, node in enumerate(graph.node):
        for inner in reversed(range(len(node.attribute))):
            yield lambda m, i=index, j=inner: m.graph.node[i].attribute.__delitem__(j)
        if node.input:
            yield lambda m, i=index: m.graph.node[i].input.__delitem__(-1)
        if len(node.output) > 1:
            yield lambda m, i=index: m.graph.node[i].output.__delitem__(-1)
    for number, name in enumerate(_names(model)):
        yield lambda m, old=name, new=f"t{number}": _rename(m, old, new)
    for index in range(len(graph.initializer)):
        yield lambda m, i=index: _single_element(m, i)
    if graph.value_info:
        yield lambda m: m.graph.value_info.__delitem__(slice(None))


def _bypass(model: ModelProto, index: int) -> None:
    """Removes a node; who read its first result reads its first operand."""
    node: NodeProto = model.graph.node[index]
    source = next(iter(node.input), "")
    results = set(filter(None, node.output))
    del model.graph.node[index]
    for reader in model.graph.node:
        for position, name in enumerate(reader.input):
            if name in results:
                reader.input[position] = source


def _names(model: ModelProto) -> list[str]:
    graph = model.graph
    names = [value.name for value in (*graph.input, *graph.initializer, *graph.output)]
    names += [name for node in graph.node for name in (*node.input, *node.output)]
    return list(dict.fromkeys(filter(None, names)))


def _rename(model: ModelProto, old: str, new: str) -> None:
    graph = model.graph
    for value in (*graph.input, *graph.initializer, *graph.output, *graph.value_info):
        if value.name == old:
            value.name = new
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new


def _single_element(model: ModelProto, index: int) -> None:
    """An initialiser becomes the scalar that is its first element."""
    tensor = model.graph.initializer[index]
    try:
        data = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError):
        return
    if data.size:
        scalar = np.asarray(data.reshape(-1)[0])
        tensor.CopyFrom(numpy_helper.from_array(scalar, tensor.name))
